// Attack 24, the command line: whatever a hostile member, contact, invite or file is called or says, no escape sequence
// and nothing that turns or hides text reaches the terminal. (The web client's part comes with it.)

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Person, type Ran } from '../support/command.ts';
import { closeAll, type Device, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let victim: Person;
let mallory: Device;

beforeAll(async () => {
  relay = await startRelay();
  victim = new Person('victim', relay);
  await victim.register(relay);
  [mallory] = (await registerDevices(relay, 'mallory', 1)) as [Device];
});
afterAll(async () => {
  victim.end();
  await closeAll([mallory]);
  await relay.stop();
});

/** Colours, titles, the clipboard, cursor moves, a hyperlink, 8-bit controls, bidi, zero width, tags, fake lines. */
const hostile = [
  '\x1b[35mred\x1b[2J\x1b[H',
  '\x1b]0;title\x07',
  '\x1b]52;c;cm0gLXJm\x07',
  '\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\',
  '\x9b31m\x90\x9d',
  '\x00\x08\x7f\r',
  'line\r\nfake: line\n',
  '\u202eevil\u202c\u2066x\u2069\u200f',
  '\u200b\u2060\ufeff\u{e0041}\u2028\u2029',
  '\u00ad\u034f\u115f\u180e\u3164\uffa0\ufff9',
].join('');
/** Nothing of these may come: controls but for tabs and line feeds, and what turns, hides or breaks text. */
const forbidden = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Colours, the line of progress, and the line that a person types. */
const ownEscapes = new RegExp(
  ['\\[([0-2]|3[1236]|30;107)m', '\\[2K', '\\[0J', '\\[\\d+G'].map((end) => `\\x1b${end}`).join('|') +
    '|\\r(?=[\\n\\r\\x1b])',
  'g',
);

const isClean = ({ stdout, stderr }: Ran) => {
  for (const line of [stdout, stderr]) expect(JSON.stringify(line)).toBe(JSON.stringify(line.replace(forbidden, '!')));
};

it('a group name, texts, file names, types and extensions of a hostile member', async () => {
  const invite = (await victim.do('invite', '--text')).trim();
  await mallory.client.createGroup([invite], { name: hostile.slice(0, 128) });
  const [group] = mallory.client.groups;
  if (group === undefined) throw new Error('no group');
  const data = new TextEncoder().encode(hostile);
  await group.send(hostile);
  const id = await group.send({ mediaType: `text/${hostile}`.slice(0, 128), name: hostile.slice(0, 128), data });
  await group.send({ kind: 'org.example.poll', version: 1, data });
  const edited = await group.send('x');
  await group.edit(edited, hostile);
  await mallory.client.settled();

  isClean(await victim.run(['listen', '--once']));
  const [name] = (await victim.do('group', 'list')).match(/^[\w-]{6}/) ?? [''];
  const accepted = await victim.run(['group', 'accept', group.id.slice(0, 8)]);
  expect(accepted.status).toBe(0);
  isClean(accepted);
  const heard = await victim.run(['listen', '--once']);
  expect(heard.stdout).toContain('\\u{1b}[35mred');
  isClean(heard);
  for (const args of [
    ['group', 'list'],
    ['group', 'show', group.id.slice(0, 8)],
    ['history', group.id.slice(0, 8)],
    ['history', group.id.slice(0, 8), '--json'],
    ['history', '--search', 'red'],
    ['verify', group.id.slice(0, 8)],
    ['status'],
    ['send', group.id.slice(0, 8), 'hello'],
    ['send', 'nowhere', hostile],
  ]) {
    isClean(await victim.run(args.map((arg) => arg.replaceAll('\x00', ''))));
  }
  expect(name).not.toBe('');

  // The file is saved under a harmless name, in this folder.
  const before = new Set(readdirSync(victim.folder));
  const saved = await victim.run(['save', group.id.slice(0, 8), id.slice(0, 8)]);
  isClean(saved);
  const made = readdirSync(victim.folder).filter((file) => !before.has(file));
  expect([saved.status, made.length]).toEqual([0, 1]);
  for (const file of made) expect(file).not.toMatch(forbidden);

  // At a terminal the only escapes are the command's own: colours, the line of progress, and the line that is typed.
  const seen = async (args: readonly string[], until: string, key = '') => {
    const screen = victim.type(args, { NO_COLOR: undefined });
    await screen.see(until);
    screen.press(key);
    await screen.end();
    const rest = screen.seen.replace(ownEscapes, '');
    expect(JSON.stringify(rest)).toBe(JSON.stringify(rest.replace(forbidden, '!')));
  };
  const short = group.id.slice(0, 8);
  await seen(['group', 'show', short], 'Messages do not disappear');
  await seen(['history', short], 'sent something for another program');
  await seen(['verify', short], 'Compare it');
  await group.send(`${hostile} while somebody chats`);
  await mallory.client.settled();
  await seen(['chat', short], 'while somebody chats', '\x04');
  await until(() => mallory.texts.includes('hello'));
}, 180_000);

it('invites, names and files that a person is given', async () => {
  isClean(await victim.run(['contacts', 'add', `cliquet:${hostile.replaceAll('\x00', '')}`]));
  await victim.do('contacts', 'add', mallory.client.invite(), '--name', hostile.replaceAll('\x00', '').slice(0, 128));
  isClean(await victim.run(['contacts']));
  isClean(await victim.run(['contacts', 'rename', 'nobody\x1b[31m', 'x']));
  const file = join(victim.folder, 'backup');
  writeFileSync(file, hostile);
  isClean(await victim.run(['restore', file]));
  const said = hostile.replaceAll('\x00', '');
  for (const args of [
    ['register', `\x1b[31m@example.org`],
    ['register', 'x@example.org', '--relay', `http://${said}`],
    ['register', 'x@example.org', '--history', said],
    [`\x1b[31m`],
    [`--${said}`],
    ['help', said],
    ['group', said],
    ['status', said],
    ['completion', said],
    ['send', 'x', `--${said}`],
    ['send', 'x', '--file', said],
    ['send', 'x', 'y', '--timeout', said],
    ['history', '--from', said],
    ['history', '--search', said],
    ['verify', 'x', '--number', said],
    ['group', 'create', said, said],
    ['--passphrase-file', said, 'status'],
    ['--store', said, 'status'],
    ['backup', `${said}/x`],
    ['backup', 'own\u202e\x1b[31m.backup'],
    ['history', '--export', 'own\u202e\x1b[31m.json'],
  ]) {
    isClean(await victim.run(args));
  }
  isClean(await victim.run(['contacts', 'add', '-'], { input: said }));
  isClean(await victim.run([], { env: { CLIQUET_STORE: `${victim.folder}/${said}` } }));
  isClean(await victim.run(['status'], { env: { CLIQUET_STORE: `${victim.folder}/${said}` } }));
  isClean(await victim.run(['invite'], { env: { CLIQUET_DEBUG: '1', CLIQUET_PASSPHRASE: said } }));
}, 120_000);
