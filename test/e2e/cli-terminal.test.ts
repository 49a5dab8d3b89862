// The command line as a person at a terminal sees it, and as the shell does: prompts, keys, signals, and pipes that end.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, Person } from '../support/command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
let ana: Person;
let ben: Person;
const people: Person[] = [];
const person = (name: string) => {
  const made = new Person(name, relay);
  people.push(made);
  return made;
};
/** Nothing but the person knows the passphrase. */
const asked = { CLIQUET_PASSPHRASE: undefined };
const own = (who: Person) => who.env.CLIQUET_PASSPHRASE ?? '';

beforeAll(async () => {
  relay = await startRelay();
  [ana, ben] = [person('ana'), person('ben')];
  await Promise.all([ana, ben].map((each) => each.register(relay)));
  await ana.do('contacts', 'add', (await ben.do('invite', '--text')).trim(), '--name', 'Ben');
  await ben.do('contacts', 'add', (await ana.do('invite', '--text')).trim(), '--name', 'Ana');
  await ana.do('group', 'create', 'Holidays', 'Ben');
}, 120_000);
afterAll(async () => {
  for (const each of people) each.end();
  await relay.stop();
});

const ctrlC = '\x03';
const ctrlD = '\x04';

describe('a person at a terminal', () => {
  it('registers: types a passphrase twice and the code, and sees neither passphrase', async () => {
    const dan = person('dan');
    const screen = dan.type(['register', 'dan@example.org'], asked);
    await screen.answer('New passphrase', '');
    await screen.see('It cannot be empty.');
    await screen.answer('New passphrase', 'short');
    await screen.see('That is too short: at least 8 characters, better four words.');
    await screen.answer('New passphrase', 'a good long one');
    await screen.answer('The same again', 'a good long two');
    await screen.see('These were two different ones; once more.');
    await screen.answer('New passphrase', 'a good long one');
    await screen.answer('The same again', 'a good long one');
    await screen.see('Making the store');
    await screen.answer('sent to dan@example.org', '000000');
    await screen.see('That is not the code');
    screen.seen = screen.seen.slice(screen.seen.indexOf('That is not the code'));
    await screen.answer('sent to dan@example.org', await relay.inbox('dan@example.org'));
    await screen.see('You are registered');
    expect(await screen.end()).toBe(0);
    expect(screen.seen).not.toContain('a good long');
  }, 60_000);

  it('may mistype the passphrase twice, and not three times', async () => {
    const screen = ben.type(['contacts'], asked);
    await screen.answer('Passphrase:', 'wrong');
    await screen.see('That is not the passphrase of this store.');
    await screen.answer('Passphrase:', own(ben));
    await screen.see('Ana');
    expect(await screen.end()).toBe(0);
    const locked = ben.type(['contacts'], asked);
    for (const wrong of ['one', 'two', 'three']) await locked.answer('Passphrase:', wrong);
    await locked.see('cliquet: That is not the passphrase; nothing was changed. Try again.');
    expect(await locked.end()).toBe(1);
  }, 60_000);

  it.each([
    ['Ctrl-C', ctrlC],
    ['Ctrl-D', ctrlD],
  ])(
    'ends every question with %s, and nothing is left half done',
    async (_name, key) => {
      const eve = person('eve');
      const store = eve.env.CLIQUET_STORE ?? '';
      const phrase = eve.type(['restore', '--phrase']);
      await phrase.see('The 24 words:');
      phrase.press(key);
      expect(await phrase.end()).toBe(130);
      const fresh = eve.type(['register', 'eve@example.org'], asked);
      await fresh.see('New passphrase');
      fresh.press(key);
      expect(await fresh.end()).toBe(130);
      const code = eve.type(['register', `eve${key.charCodeAt(0)}@example.org`]);
      await code.see('The code that was sent to');
      code.press(key);
      expect(await code.end()).toBe(130);
      expect(existsSync(store)).toBe(false);
      const leaving = ben.type(['unregister']);
      await leaving.see('Type yes:');
      leaving.press(key);
      // No answer is none of yes.
      expect(await leaving.end()).toBe(key === ctrlC ? 130 : 1);
      expect(leaving.seen + code.seen + fresh.seen).not.toMatch(/at .*\.[jt]s|unexpected/);
    },
    60_000,
  );

  it('changes the mind', async () => {
    const screen = ben.type(['unregister']);
    await screen.answer('Type yes:', 'no');
    await screen.see('cliquet: Nothing was changed.');
    expect(await screen.end()).toBe(1);
  }, 30_000);

  it('interrupts what takes a while, and no store is left', async () => {
    const eve = person('interrupted');
    const screen = eve.type(['register', 'eve@example.org']);
    await screen.see('Making the store');
    screen.press(ctrlC);
    expect(await screen.end()).toBe(130);
    expect(existsSync(eve.env.CLIQUET_STORE ?? '')).toBe(false);
  }, 30_000);

  it('types a text to its end, and the passphrase after it', async () => {
    const nothing = ana.type(['send', 'Holidays']);
    await nothing.see('cliquet: There is nothing to send; write the text behind the group, or - to type it');
    expect(await nothing.end()).toBe(2);
    const screen = ana.type(['send', 'Holidays', '-'], asked);
    screen.press('typed here\r');
    screen.press(ctrlD);
    await screen.answer('Passphrase:', own(ana));
    await screen.see('Sent to Holidays');
    expect(await screen.end()).toBe(0);
    expect(await ben.do('listen', '--once')).toContain('Ana: typed here\n');
  }, 60_000);

  it('chats, also while the window changes its size', async () => {
    const screen = ben.type(['chat', 'Holidays']);
    await screen.see('> ');
    screen.press('half a li');
    await screen.see('half a li');
    screen.resize(30, 10);
    await screen.see('half a li');
    screen.press('ne\r');
    screen.press(ctrlD);
    expect(await screen.end()).toBe(0);
    expect(await ana.do('history', 'Holidays')).not.toContain('half a line');
    expect(await ana.do('listen', '--once')).toContain('Ben: half a line');
  }, 60_000);

  it('has a window that is too narrow for a QR code', async () => {
    const screen = ana.type(['invite', '--qr'], {}, 40);
    await screen.see('make it wider, or say --text.');
    expect(screen.seen).toMatch(/cliquet: The QR code needs a terminal of \d\d columns, this one has 40/);
    expect(await screen.end()).toBe(1);
    const all = ana.type(['invite'], {}, 40);
    await all.see('(A QR code would need');
    expect(await all.end()).toBe(0);
  }, 30_000);

  it('closes the window', async () => {
    const listening = ana.type(['listen']);
    await listening.see('Listening in all groups; Ctrl-C ends it.');
    listening.signal('SIGHUP');
    expect(await listening.end()).toBe(129);
    const asking = ana.type(['status'], asked);
    await asking.see('Passphrase:');
    asking.signal('SIGTERM');
    expect(await asking.end()).toBe(143);
  }, 30_000);
});

describe('a shell', () => {
  it('stops reading', async () => {
    for (let i = 0; i < 3; i++) await ana.do('send', 'Holidays', `line ${i}`, '--no-wait');
    for (const args of [['history'], ['history', '--json'], ['--help'], ['completion', 'bash']]) {
      const running = ana.start(...args);
      running.closeOutput();
      expect([args, await running.end(), running.stderr]).toEqual([args, 0, '']);
    }
  }, 30_000);

  it.runIf(existsSync('/dev/full'))('has no space left', () => {
    const shell = (line: string) =>
      spawnSync('sh', ['-c', `cliquet() { ${commandLine} "$@"; }; ${line}`], { env: ana.env, encoding: 'utf8' });
    const { status, stderr } = shell('cliquet contacts >/dev/full');
    expect([status, stderr]).toEqual([
      1,
      'cliquet: The output cannot be written (ENOSPC); see to free space, and do it again.\n',
    ]);
    // Nobody can be told.
    expect(shell('cliquet nonsense 2>/dev/full').status).toBe(2);
    // Nothing is open at all.
    expect(shell('cliquet send Holidays <&-').stderr).toContain('There is nothing to send');
    expect(shell('cliquet contacts >&-').status).toBeLessThan(2);
  });

  it('keeps what it writes to itself', async () => {
    const file = join(ana.folder, 'empty file');
    writeFileSync(file, '');
    const [id = ''] = (await ana.do('send', 'Holidays', '--file', file)).split(' ');
    const mask = process.umask(0);
    try {
      await ana.do('backup', 'a.backup');
      await ana.do('history', '--export', 'a.json');
      await ana.do('save', 'Holidays', id, 'a.saved');
      await ana.do('history', '--export', 'a.saved', '--force');
    } finally {
      process.umask(mask);
    }
    for (const name of ['a.backup', 'a.json', 'a.saved', 'store.db']) {
      expect([name, statSync(join(ana.folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(readFileSync(join(ana.folder, 'a.saved'), 'utf8')).toBe(readFileSync(join(ana.folder, 'a.json'), 'utf8'));
    await ben.do('listen', '--once');
    await ben.do('save', 'Holidays', id);
    expect(readFileSync(join(ben.folder, 'empty file'))).toHaveLength(0);
  }, 60_000);

  it('passes any name on', async () => {
    const names = ['two words', '🎉👩🏽‍🚀', 'שלום', '--', '-rf', '--name', 'x'.repeat(128), 'e\u0301te\u0301'];
    let before = 'Ben';
    for (const name of names) {
      await ana.do('contacts', 'rename', '--', before, name);
      before = name;
    }
    const groups = ['two words', '-rf', 'e\u0301te\u0301'];
    for (const name of groups) await ana.do('group', 'create', '--no-wait', '--', name, before.normalize('NFC'));
    const shown = (await ana.do('group', 'list', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    expect(shown.toSorted()).toEqual(['Holidays', ...groups].toSorted());
  }, 90_000);
});
