// What a person at the web client waits for: from a click on Send until the message stands in the other one's browser, and
// until its mark says "accepted" and "delivered"; on workerd and on Deno. Two real browsers each, with profiles on the disk,
// take turns in sending. Beside it, by turns in the same run, the least that it could take: two bare pages with a WebSocket
// each, and a server that hands on what comes. The pages themselves read the time; they all have this machine's clock.
// `npm run bench -- web`.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
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
import type { Report } from './report.ts';
import { measureCatchUpInBrowser } from './web-catch-up.ts';

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

/** What is opened for a run, and closed after it. */
class Scene {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
  readonly #browsers: KeepingChromium[] = [];
  readonly #relays: TestRelay[] = [];
  readonly #servers: Server[] = [];
  /** Nobody's is pulled out here. */
  readonly #cable: Cable;

  constructor(cable: Cable) {
    this.#cable = cable;
  }

  async #openBrowser(): Promise<KeepingChromium> {
    const browser = await startKeepingChromium(join(this.#folder, String(this.#browsers.length)));
    this.#browsers.push(browser);
    return browser;
  }

  /** Somebody with a browser to themselves. */
  async #register(name: string, relay: TestRelay): Promise<Person> {
    const { context } = await this.#openBrowser();
    const person = new Person(name, `${name.toLowerCase()}@example.org`, relay, context, this.#cable);
    await person.open(relay.url);
    await person.register();
    return person;
  }

  /** Two people in a group; `first` is how many milliseconds it took from two empty browsers to the first message. */
  async openPair(host: (typeof hosts)[number]): Promise<Pair & { readonly first: Readonly<Record<string, number>> }> {
    const relay = await startRelay({ host, onLog: () => undefined });
    this.#relays.push(relay);
    const times = [performance.now()];
    const ada = await this.#register('Ada', relay);
    times.push(performance.now());
    const bob = await this.#register('Bob', relay);
    times.push(performance.now());
    await foundGroup('Bench', [ada, bob]);
    times.push(performance.now());
    const pair: Pair = { name: host, pages: [ada.page, bob.page], stations: stations.length, measured: [] };
    await exchange(pair, 0);
    times.push(performance.now());
    const [one = 0, two = 0, group = 0, message = 0] = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    const first = {
      'one registers': one,
      'the other one': two,
      'a group is founded': group,
      'a message comes': message,
    };
    return { ...pair, first };
  }

  async openBarePair(): Promise<Pair> {
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(barePage));
    this.#servers.push(server);
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      socket.on('message', (data) => {
        for (const other of sockets.clients) if (other !== socket) other.send(String(data));
      });
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const openPage = async () => {
      const page = await (await this.#openBrowser()).context.newPage();
      await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
      await page.waitForFunction(() => document.title === 'open');
      return page;
    };
    return { name: 'bare WebSocket', pages: [await openPage(), await openPage()], stations: 1, measured: [] };
  }

  async close(): Promise<void> {
    await Promise.all(this.#browsers.map((browser) => browser.kill()));
    await Promise.all(this.#relays.map((relay) => relay.stop()));
    for (const server of this.#servers) server.close();
    await this.#cable.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
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

/** p50 and p95 at each station. */
const figuresOf = ({ measured, stations: known }: Pair): readonly number[] =>
  Array.from({ length: known }, (_, station) => measured.map((times) => times[station] ?? 0)).flatMap((times) =>
    [0.5, 0.95].map((q) => quantile(times, q)),
  );

export async function run(report: Report): Promise<void> {
  const [warmUp, count] = report.quick ? [1, 4] : [20, 200];
  const scene = new Scene(await Cable.lay());
  try {
    await buildWeb();
    const bare = await scene.openBarePair();
    const pairs = [await scene.openPair('workerd'), await scene.openPair('deno')];
    for (let i = -warmUp; i < count; i++) {
      for (const pair of [bare, ...pairs]) {
        const times = await exchange(pair, i + warmUp + 1);
        if (i >= 0) pair.measured.push(times);
      }
      report.progress(`${i + 1} of ${count} messages`);
    }
    const [least = 0] = figuresOf(bare);
    for (const { name, measured } of pairs) {
      report.ratio(
        `shown there, ${name} / bare WebSocket`,
        measured.map(([shown = 0]) => shown / least),
      );
    }
    report.table(`From a click on Send, between two browsers, ${count} messages by turns each, in ms:`, [
      ['', ...['shown there', 'accepted', 'delivered'].flatMap((station) => [`${station} p50`, 'p95'])],
      ...[...pairs, bare].map((pair) => [pair.name, ...figuresOf(pair).map((time) => time.toFixed(1))]),
    ]);
    const [workerd] = pairs;
    report.table(
      'From two empty browsers to the first message, as fast as a robot clicks, in ms; browsers start too:',
      [
        ['', ...Object.keys(workerd?.first ?? {}), 'in all'],
        ...pairs.map(({ name, first }) => {
          const parts = Object.values(first);
          return [name, ...[...parts, parts.reduce((sum, part) => sum + part, 0)].map((time) => time.toFixed(0))];
        }),
      ],
    );
    report.raw.first = Object.fromEntries(pairs.map(({ name, first }) => [name, first]));
    report.raw.milliseconds = Object.fromEntries([...pairs, bare].map(({ name, measured }) => [name, measured]));
  } finally {
    await scene.close();
  }
  await measureCatchUpInBrowser(report);
}
