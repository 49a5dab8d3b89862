// docs/examples/bot: a real process, with somebody who talks with it, and kills it.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Device } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { node } from '../support/runtime.ts';
import { until } from '../support/until.ts';
import { Example } from './process.ts';

vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'cliquet-bot-'));
const file = join(folder, 'bot.db');
const runtime = { ...node, env: { CLIQUET_PASSPHRASE: 'a passphrase of the bot' } };
const address = 'bot@example.org';
let relay: TestRelay;
let ada: Device;
let bot: Example;

const start = () => new Example(runtime, 'bot/bot.ts', address, '--relay', relay.url, '--store', file);
const answers = () =>
  ada.all('message').map(({ content, reply }) => ({ text: 'text' in content ? content.text : '', reply }));
const patienceMs = 60_000;
const answerTo = (id: string) => until(() => answers().find(({ reply }) => reply === id)?.text, patienceMs);
const ask = async (text: string) => answerTo(await ada.group.send(text));

beforeAll(async () => {
  relay = await startRelay();
  ada = await Device.register(relay, 'ada');
});
afterAll(async () => {
  await bot?.kill();
  await ada.client.close();
  await relay.stop();
  rmSync(folder, { recursive: true });
});

test('it registers at its first start, with the code that somebody types, and prints its invite', async () => {
  bot = start();
  await bot.says(/Which code did the bot get\?/);
  bot.type('no code');
  await bot.says(/Once more/);
  bot.type(await relay.inbox(address));
  const invite = await bot.says(/Invite the bot with: (\S+)\n/);
  await ada.client.createGroup([invite], { name: 'Games' });
  await bot.says(/In a group: Games/);
  expect(await ada.read(1)).toEqual(['Hello! What I can do tells /help']);
});

test('it answers what begins with a slash, and nothing else', async () => {
  await ada.group.send('I do not talk to you.');
  expect(await ask('/help')).toBe('I know /help, /echo, /roll. Try /roll 2d6');
  expect(await ask('/echo  one, two ')).toBe('one, two');
  expect(await ask('/roll 3d1')).toBe('1 + 1 + 1 = 3');
  expect(await ask('/roll')).toMatch(/^[1-6] = [1-6]$/);
  expect(await ask('/roll many')).toMatch(/^Which dice\?/);
  expect(await ask('/constructor')).toBe('I do not know /constructor. What I know tells /help');
  expect(answers()).toHaveLength(7);
});

test('it is killed again and again while it answers, and has answered each message once', async () => {
  const asked: string[] = [];
  for (let life = 0; life < 4; life++) {
    for (let i = 0; i < 12; i++) asked.push(await ada.group.send('/roll 9d999'));
    const fresh = asked.slice(-12);
    // Never at the same place.
    const answered = () => answers().filter(({ reply }) => fresh.includes(reply ?? '')).length;
    await until(() => answered() > 2 * life, patienceMs);
    await bot.kill();
    bot = start();
  }
  for (const id of asked) await answerTo(id);
  // Nothing comes behind it.
  await ask('/echo the end');
  const replies = answers().map(({ reply }) => reply);
  expect(replies.filter((reply) => asked.includes(reply ?? ''))).toEqual(asked);
  expect(bot.said).not.toMatch(/code/);
});

test('it ends when it is told to, and its store says nothing without the passphrase', async () => {
  expect(await bot.kill('SIGTERM')).toBe(0);
  expect(readFileSync(file).includes('Games')).toBe(false);
  const wrong = { ...runtime, env: { CLIQUET_PASSPHRASE: 'another one' } };
  const refused = new Example(wrong, 'bot/bot.ts', '--relay', relay.url, '--store', file);
  expect(await refused.ends()).toBe(1);
  expect(refused.said).toMatch(/^The passphrase does not open this/);
});

test('it says what it lacks', async () => {
  const nothing = new Example({ ...runtime, env: { CLIQUET_PASSPHRASE: '' } }, 'bot/bot.ts');
  expect(await nothing.ends()).toBe(1);
  expect(nothing.said).toBe('Set CLIQUET_PASSPHRASE: what the bot keeps is encrypted under it.\n');
  const nobody = new Example(runtime, 'bot/bot.ts', '--relay', relay.url, '--store', join(folder, 'new.db'));
  expect(await nobody.ends()).toBe(1);
  expect(nobody.said).toBe('Say an address for the bot, to which its relay can send a code.\n');
});
