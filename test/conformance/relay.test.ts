// The suite against each host of ours, and the command as somebody would call it who has written a relay.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { startRelay } from '../support/relay.ts';
import { node, start } from '../support/runtime.ts';
import { Bench, type Target } from './bench.ts';
import { sections } from './cases.ts';
import { type Host, hosts } from './hosts.ts';
import { openTarget } from './target.ts';

const script = join(import.meta.dirname, 'conformance.ts');
/** Each case has a time of its own, and may be told to wait besides. */
const caseTimeoutMs = 240_000;

async function run(...args: readonly string[]): Promise<{ lines: string[]; status: number | null }> {
  const child = start(node, script, args);
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const status = await new Promise<number | null>((settle) => child.on('close', settle));
  return { lines: output.trim().split('\n'), status };
}

describe.each(Object.entries(hosts))('%s', (_, startHost) => {
  let host: Host;
  let target: Target;
  beforeAll(async () => {
    host = await startHost();
    target = await openTarget(host.url);
  });
  afterAll(() => host.stop());

  describe.concurrent.each(Object.entries(sections))('%s', (_, cases) => {
    for (const each of cases) test(each.title, { timeout: caseTimeoutMs }, () => new Bench(target).run(each));
  });
});

describe('npm run conformance', () => {
  let relay: Awaited<ReturnType<typeof startRelay>>;
  beforeAll(async () => {
    // No more at once than a few: clients are told to wait.
    relay = await startRelay({ vars: { REQUEST_BURST: '3', REQUESTS_PER_SECOND: '4' } });
  });
  afterAll(() => relay.stop());

  test('passes a relay that keeps the rules, and waits when it says so', async () => {
    const { lines, status } = await run('--url', relay.url, '--only', 'refusals: ');
    expect(lines.at(-1)).toBe(`conformance: ${sections.refusals?.length} passed, 0 failed`);
    expect(status).toBe(0);
  });

  test('reads codes by a command', async () => {
    const read = `fetch("${relay.url}/dev/inbox?address="+process.argv[1]).then(r=>r.text()).then(console.log)`;
    const codes = `${process.execPath} -e '${read}'`;
    const { lines } = await run('--url', relay.url, '--codes', codes, '--only', 'PUT registers, and tells');
    expect(lines.at(-1)).toBe('conformance: 1 passed, 0 failed');
  });

  test('says which rule a relay breaks, and how', async () => {
    const proxy = await startProxy(relay);
    proxy.answers.set('POST /v1/queue/acks', (response) => response.writeHead(200).end());
    const { lines, status } = await run('--url', proxy.url, '--only', 'queue: what is acknowledged goes');
    expect(lines).toEqual([
      'FAILED  queue: what is acknowledged goes, and the rest stays',
      '        docs/PROTOCOL.md: everything up to `seq` is stored by the client and may be deleted.',
      '        expected status 204, and 200 without a body came',
      'conformance: 0 passed, 1 failed',
    ]);
    expect(status).toBe(1);
    await proxy.stop();
  });

  test('says that there is no relay, and how it is called', async () => {
    expect(await run('--url', 'http://localhost:10', '--only', 'info')).toMatchObject({ status: 2 });
    expect(await run('--url', relay.url, '--only', 'no such case')).toMatchObject({ status: 2 });
    for (const args of [['--help'], []]) {
      const { lines, status } = await run(...args);
      expect(lines[0]).toBe(`npm run conformance -- --url URL | --host ${Object.keys(hosts).join('|')}`);
      expect(status).toBe(args.length === 0 ? 2 : 0);
    }
  });
});

test('each case cites what stands in docs/PROTOCOL.md, and has a title of its own', async () => {
  const inOneLine = (text: string) => text.replace(/\s+/g, ' ');
  const specification = inOneLine(await readFile(join(import.meta.dirname, '../../docs/PROTOCOL.md'), 'utf8'));
  const cases = Object.values(sections).flat();
  const cited = cases.flatMap(({ cites }) => cites).map(inOneLine);
  expect(cited.filter((sentence) => !specification.includes(sentence))).toEqual([]);
  expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
});
