import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, 'bench.ts');
const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args]);

test('npm run bench -- relay measures what the relay carries, and every send is delivered', {
  timeout: 180_000,
}, async () => {
  const { stdout } = await bench('relay', '--quick');
  const ratio = String.raw`( +\d+\.\d\d){3} +\S+`;
  const figures = String.raw` +\d+( +\d+\.\d){4}( +\d+\.\d\d){3}`;
  for (const how of ['http, alone', 'stream, alone', 'http, by 8', 'stream, by 8']) {
    expect(stdout).toMatch(new RegExp(`^  relay, ${how}${ratio}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^  relay, ${how}${figures}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^  bare worker, ${how}${figures}$`, 'm'));
  }
  const [, sends, received] = /(\d+) sends through the relay, all acknowledged; (\d+) messages/.exec(stdout) ?? [];
  expect(Number(sends)).toBeGreaterThan(0);
  expect(Number(received)).toBe(2 * Number(sends));
});

test('npm run bench -- hosts compares the relay on workerd and on Deno, and every send is delivered', {
  timeout: 180_000,
}, async () => {
  const { stdout } = await bench('hosts', '--quick');
  for (const name of ['workerd', 'deno', 'deno / workerd'])
    expect(stdout).toMatch(new RegExp(`^  ${name}( +\\d+\\.\\d+){4}$`, 'm'));
  expect(Number(/(\d+) sends, all acknowledged/.exec(stdout)?.[1])).toBeGreaterThan(0);
});

test('npm run bench -- web measures what a person waits for, and every message is shown and delivered', {
  timeout: 180_000,
}, async () => {
  const { stdout } = await bench('web', '--quick');
  for (const name of ['workerd', 'deno']) {
    expect(stdout).toMatch(new RegExp(`^  ${name}( +\\d+\\.\\d){6}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^  ${name} / bare WebSocket( +\\d+\\.\\d\\d){2}$`, 'm'));
  }
  expect(stdout).toMatch(/^ {2}bare WebSocket( +\d+\.\d){2}$/m);
  expect(stdout).toMatch(/\d+ messages, all shown and delivered/);
});

test('npm run bench names the benchmarks that there are', async () => {
  await expect(bench('nothing')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('store, relay, hosts, web, cost'),
  });
});
