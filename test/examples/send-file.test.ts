// docs/examples/send-file: the script under real Deno, with the permissions that its README names.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deno } from '../runtimes/deno.ts';
import { Device } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';
import { Example } from './process.ts';

vi.setConfig({ testTimeout: 180_000 });

const checkout = join(import.meta.dirname, '../..');
const script = 'send-file/send-file.ts';
const folder = mkdtempSync(join(tmpdir(), 'cliquet-send-file-'));
const address = 'script@example.org';
const env = { ...deno.env, CLIQUET_PASSPHRASE: 'a passphrase of the script' };
let relay: TestRelay;
let ada: Device;
let runtime: { readonly command: string; readonly args: readonly string[]; readonly env: Record<string, string> };

/** What the README allows it, for this relay and this folder. */
function permissions(): string[] {
  const readme = readFileSync(join(checkout, 'docs/examples/README.md'), 'utf8');
  const [, given = ''] = /^deno (run .+) docs\/examples\/send-file\/send-file\.ts /m.exec(readme) ?? [];
  expect(given).toContain('--allow-net=localhost:8787');
  return given.replace('localhost:8787', new URL(relay.url).host).replaceAll('=. ', `=${folder} `).split(' ');
}

const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const options = () => ['--relay', relay.url, '--store', join(folder, 'script.db')];
const run = (...args: readonly string[]) => new Example(runtime, script, ...args, ...options());

beforeAll(async () => {
  relay = await startRelay();
  ada = await Device.register(relay, 'ada');
  runtime = { command: deno.command, args: [...permissions(), '--no-prompt', '--no-lock'], env };
});
afterAll(async () => {
  await ada.client.close();
  await relay.stop();
  rmSync(folder, { recursive: true });
});

test('the first run asks at the terminal for the code, and sends the text to whoever the invite names', async () => {
  const text = 'One line,\nand – “another” 🙂\n';
  const args = [file('notes.txt', text), '--to', ada.client.invite(), '--address', address, ...options()];
  const pty = spawn(runtime.command, [...runtime.args, join(checkout, 'docs/examples', script), ...args], {
    cols: 400,
    env: { ...process.env, ...env },
  });
  let said = '';
  pty.onData((data) => {
    said += data;
  });
  const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  await until(() => said.includes(`Which code has come to ${address}?`), 60_000);
  pty.write(`${await relay.inbox(address)}\r`);
  expect({ status: await ended, said }).toMatchObject({ status: 0 });
  expect(said).toContain(`Sent: ${join(folder, 'notes.txt')}`);
  const { group } = await ada.event('invited');
  await group.accept();
  expect(await ada.read(1)).toEqual([text]);
});

test('a later run is the same member, in the same group, or in one that it was invited into', async () => {
  const [first] = ada.client.groups;
  const again = run(file('more.txt', 'more'), '--to', ada.client.invite());
  expect({ status: await again.ends(), said: again.said }).toMatchObject({ status: 0 });
  expect(await ada.read(2)).toContain('more');
  expect(ada.client.groups).toHaveLength(1);

  const scripts = first?.members.find(({ isSelf }) => !isSelf)?.hrid ?? '';
  await ada.client.createGroup([first?.inviteOf(scripts) ?? ''], { name: 'Notes' });
  const named = run(file('third.txt', 'third'), '--to', 'Notes');
  expect({ status: await named.ends(), said: named.said }).toMatchObject({ status: 0 });
  const { group, sender } = await ada.event('message', ({ content }) => 'text' in content && content.text === 'third');
  expect({ name: group.name, sender }).toEqual({ name: 'Notes', sender: scripts });

  const unknown = run(join(folder, 'more.txt'), '--to', 'Holidays');
  expect(await unknown.ends()).toBe(1);
  expect(unknown.said).toMatch(/^This script is in no group Holidays\. Its invite: cliquet:\S+\n$/);
});

test('it says what is wrong with a file, and opens nothing for that', async () => {
  const refusals: readonly (readonly [path: string, said: RegExp])[] = [
    [join(folder, 'nothing.txt'), /^There is no file .*nothing\.txt\.\n$/],
    [folder, /is no file\.\n$/],
    [file('empty.txt', ''), /^There is nothing in /],
    [file('large.txt', 'x'.repeat(65_537)), / has 65537 bytes\. A message holds 65536; send it in parts\.\n$/],
    [file('picture.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47])), / is no text in UTF-8\.\n$/],
    [file('zeros.bin', new Uint8Array(16)), / is no text in UTF-8\.\n$/],
    // Deno does not let it read elsewhere.
    ['/etc/hostname', /Requires read access/],
  ];
  const runs = refusals.map(([path, said]) => ({ said, example: run(path, '--to', 'Notes') }));
  for (const { said, example } of runs) {
    expect(await example.ends()).toBe(1);
    expect(example.said).toMatch(said);
  }
});
