// What a person at the web client waits for: from a click on Send until the message stands in the other one's browser, and
// until its mark says "accepted" and "delivered"; on workerd and on Deno. Two real browsers each, with profiles on the disk,
// take turns in sending. Beside it, by turns in the same run, the least that it could take: two bare pages with a WebSocket
// each, and a server that hands on what comes. The pages themselves read the time; they all have this machine's clock.
// `npm run bench -- web`.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { buildWeb } from '../../client/web/build.ts';
import { en } from '../../client/web/messages/en.ts';
import { type KeepingChromium, type Page, startKeepingChromium } from '../runtimes/chromium.ts';
import { quantile } from '../support/quantile.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Cable } from '../web/cable.ts';
import { foundGroup, Person } from '../web/person.ts';

/** `--quick`: only that it runs, with figures that say little. */
const isQuick = process.argv.includes('--quick');
const [warmUp, count] = isQuick ? [1, 4] : [20, 200];
const hosts = ['workerd', 'deno'] as const;
/** What is looked for at the message: in the other browser that it is there, in the sender's own what its mark says. */
const stations = [
  '.message',
  ':is(.state-accepted, .state-delivered, .state-confirmed)',
  ':is(.state-delivered, .state-confirmed)',
] as const;

interface Pair {
  readonly name: string;
  readonly pages: readonly [Page, Page];
  /** How many of the stations there are. */
  readonly stations: number;
  /** Milliseconds from the click to each station, by message. */
  readonly measured: (readonly number[])[];
}

/**
 * Runs in a page: looks for a message, and notes the time at which it first is like each selector.
 * @returns the time of the click before it, and these: milliseconds since 1970
 */
function watch([text = '', ...selectors]: readonly string[]): { readonly done: Promise<readonly number[]> } {
  const times = selectors.map(() => 0);
  let clicked = 0;
  const onClick = ({ timeStamp }: Event) => {
    clicked = performance.timeOrigin + timeStamp;
  };
  addEventListener('click', onClick, { capture: true });
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const look = () => {
    const now = performance.timeOrigin + performance.now();
    const message = [...document.querySelectorAll('.message')].findLast((each) => each.textContent.includes(text));
    for (const [i, selector] of selectors.entries()) if (times[i] === 0 && message?.matches(selector)) times[i] = now;
    if (times.includes(0)) return;
    observer.disconnect();
    removeEventListener('click', onClick, { capture: true });
    resolve([clicked, ...times]);
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['class'] });
  return { done: promise };
}

/** One says something, and the other sees it. @returns milliseconds from the click to each station */
async function exchange({ pages, stations: known }: Pair, number: number): Promise<readonly number[]> {
  const [from, to] = number % 2 === 0 ? pages : [pages[1], pages[0]];
  const text = `this is message ${number}.`;
  const [seen = '', ...marks] = stations.slice(0, known);
  const there = await to.evaluateHandle(watch, [text, seen]);
  const here = await from.evaluateHandle(watch, [text, ...marks]);
  await from.getByRole('textbox', { name: en.talk.write, exact: true }).fill(text);
  await from.getByRole('button', { name: en.talk.send, exact: true }).click();
  const [, shown = 0] = await there.evaluate(({ done }) => done);
  const [clicked = 0, ...marked] = await here.evaluate(({ done }) => done);
  return [shown, ...marked].map((time) => time - clicked);
}

const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
const browsers: KeepingChromium[] = [];
const relays: TestRelay[] = [];
// Nobody's is pulled out here.
const cable = await Cable.lay();

async function openBrowser(): Promise<KeepingChromium> {
  const browser = await startKeepingChromium(join(folder, String(browsers.length)));
  browsers.push(browser);
  return browser;
}

/** Somebody with a browser to themselves. */
async function register(name: string, relay: TestRelay): Promise<Person> {
  const { context } = await openBrowser();
  const person = new Person(name, `${name.toLowerCase()}@example.org`, relay, context, cable);
  await person.open(relay.url);
  await person.register();
  return person;
}

async function openPair(host: (typeof hosts)[number]): Promise<Pair> {
  const relay = await startRelay({ host, onLog: () => undefined });
  relays.push(relay);
  const [ada, bob] = [await register('Ada', relay), await register('Bob', relay)];
  await foundGroup('Bench', [ada, bob]);
  return { name: host, pages: [ada.page, bob.page], stations: stations.length, measured: [] };
}

/** A page that shows what comes, and says what is written. */
const barePage = `<!doctype html>
<ol></ol><textarea aria-label="${en.talk.write}"></textarea><button aria-label="${en.talk.send}"></button>
<script>
  const show = (text) => {
    const item = document.createElement('li');
    item.className = 'message';
    item.textContent = text;
    document.querySelector('ol').append(item);
  };
  const socket = new WebSocket(location.href.replace('http', 'ws'));
  socket.onmessage = ({ data }) => show(data);
  socket.onopen = () => {
    document.querySelector('button').onclick = () => {
      const { value } = document.querySelector('textarea');
      show(value);
      socket.send(value);
    };
    document.title = 'open';
  };
</script>`;

async function openBarePair(): Promise<Pair> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(barePage));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      for (const other of sockets.clients) if (other !== socket) other.send(String(data));
    });
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const openPage = async () => {
    const page = await (await openBrowser()).context.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
    await page.waitForFunction(() => document.title === 'open');
    return page;
  };
  return { name: 'bare WebSocket', pages: [await openPage(), await openPage()], stations: 1, measured: [] };
}

function print(title: string, figures: readonly number[], digits: number): void {
  console.log(`  ${title.padEnd(26)}${figures.map((figure) => figure.toFixed(digits).padStart(9)).join('')}`);
}

const figuresOf = ({ measured, stations: known }: Pair): readonly number[] =>
  Array.from({ length: known }, (_, station) => measured.map((times) => times[station] ?? 0)).flatMap((times) =>
    [0.5, 0.95].map((q) => quantile(times, q)),
  );

try {
  await buildWeb();
  const bare = await openBarePair();
  const pairs = [await openPair('workerd'), await openPair('deno')];
  for (let i = -warmUp; i < count; i++) {
    for (const pair of [bare, ...pairs]) {
      const times = await exchange(pair, i + warmUp);
      if (i >= 0) pair.measured.push(times);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${i + 1} of ${count} messages`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');

  console.log(`From a click on Send, between two browsers, ${count} messages by turns each, in ms`);
  console.log(
    `${''.padEnd(28)}${['shown there', 'accepted', 'delivered'].map((title) => title.padStart(18)).join('')}`,
  );
  console.log(`${''.padEnd(28)}${stations.map(() => '      p50      p95').join('')}`);
  for (const pair of [...pairs, bare]) print(pair.name, figuresOf(pair), 1);
  const least = figuresOf(bare);
  for (const pair of pairs) {
    const figures = figuresOf(pair);
    print(
      `${pair.name} / bare WebSocket`,
      least.map((figure, i) => (figures[i] ?? 0) / figure),
      2,
    );
  }
  console.log(`  ${pairs.length * count} messages, all shown and delivered`);
} finally {
  await Promise.all([...browsers.map((browser) => browser.kill()), ...relays.map((relay) => relay.stop())]);
  await cable.remove();
  rmSync(folder, { recursive: true, force: true });
}
// The server of the bare pages still listens.
process.exit();
