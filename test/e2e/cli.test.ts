// The command line as people use it: three of them, each command in a process of its own, against a real relay.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Person } from '../support/command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let ana: Person;
let ben: Person;
let cem: Person;
const people: Person[] = [];
const person = (name: string, env: Record<string, string> = {}) => {
  const made = new Person(name, relay, env);
  people.push(made);
  return made;
};

beforeAll(async () => {
  relay = await startRelay();
  ana = person('ana');
  ben = person('ben');
  cem = person('cem');
  await Promise.all([ana, ben, cem].map((each) => each.register(relay)));
}, 120_000);
afterAll(async () => {
  for (const each of people) each.end();
  await relay.stop();
});

const inviteOf = async (of: Person) => (await of.do('invite', '--text')).trim();
const idIn = (line: string) => line.match(/(?:^|\s)([\w-]{6}) {2}/)?.[1] ?? '';

describe('three people', () => {
  it('meet, found a group, and talk, with the relay killed and started again in between', async () => {
    await ana.do('contacts', 'add', await inviteOf(ben), '--name', 'Ben');
    await ana.do('contacts', 'add', await inviteOf(cem), '--name', 'Cem');
    await ben.do('contacts', 'add', await inviteOf(ana), '--name', 'Ana');
    expect(await ana.do('contacts')).toMatch(/Ben[\s\S]*Cem|Cem[\s\S]*Ben/);
    await ana.do('group', 'create', 'Holidays', 'Ben', 'Cem');

    const hello = idIn(await ana.do('send', 'Holidays', 'hello', 'there'));
    expect((await ana.run(['send', 'Holidays'], { input: 'from a pipe\nin two lines\n' })).status).toBe(0);
    const heard = await ben.do('listen', '--once');
    expect(heard).toMatch(/Ana: hello there\n/);
    expect(heard).toContain('Ana: from a pipe⏎in two lines');

    // A stranger's invitation waits.
    expect(await cem.do('listen', '--once')).toMatch(/invites you[\s\S]*group accept/);
    expect((await cem.run(['send', 'Holidays', 'x'])).status).toBe(1);
    await cem.do('group', 'accept', 'Holidays');
    expect(await cem.do('listen', '--once')).toContain('hello there');

    await relay.crash();
    await cem.do('send', 'Holidays', 'after the power cut', '--reply', hello, '--receipt');
    const listening = ana.start('listen');
    await listening.line('after the power cut');
    await ben.do('send', 'Holidays', 'me too');
    await listening.line('Ben: me too');
    expect(await listening.stop()).toBe(130);
    expect(listening.stderr).not.toMatch(/at .*\.ts/);
    expect(await cem.do('listen', '--once')).toContain('read');

    const file = join(ana.folder, 'map.png');
    const bytes = Buffer.from([0, 1, 2, 255]);
    writeFileSync(file, bytes);
    const sent = idIn(await ana.do('send', 'Holidays', '--file', file));
    expect(await ben.do('listen', '--once')).toContain('map.png');
    const saved = join(ben.folder, 'saved.png');
    await ben.do('save', 'Holidays', sent, saved);
    expect(readFileSync(saved)).toEqual(bytes);
    expect((await ben.run(['save', 'Holidays', sent, saved])).status).toBe(1);

    await ana.do('edit', 'Holidays', hello, 'hello', 'again');
    await ana.do('delete', 'Holidays', sent);
    expect(await ben.do('listen', '--once')).toContain('hello again');
    const history = await ben.do('history', 'Holidays');
    expect(history).toContain('hello again');
    expect(history).not.toContain('map.png');
    expect(await ben.do('history', '--search', 'POWER')).toContain('after the power cut');
    expect(await ben.do('history', '--search', 'nowhere to be found')).not.toContain('power');

    const json = (await ben.do('history', 'Holidays', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json.some(({ content }) => content?.text === 'hello again')).toBe(true);
    const exported = join(ben.folder, 'export.json');
    await ben.do('history', 'Holidays', '--export', exported);
    expect(JSON.stringify(JSON.parse(readFileSync(exported, 'utf8')))).toContain('after the power cut');

    const number = /(\d{5} *){4}/;
    const [anas, bens] = [await ana.do('verify', 'Holidays'), await ben.do('verify', 'Holidays')];
    const digits = (screen: string) =>
      screen
        .match(/\b\d{5}\b/g)
        ?.slice(0, 12)
        .join(' ') ?? '';
    expect(anas).toMatch(number);
    expect(digits(anas)).toBe(digits(bens));
    await ana.do('verify', 'Holidays', '--number', digits(bens));
    expect(await ana.do('group', 'show', 'Holidays')).not.toContain('Not all members are verified');
    expect(
      (
        await ana.run([
          'verify',
          'Holidays',
          '--number',
          digits(bens).replace(/^./, (d) => String((Number(d) + 1) % 10)),
        ])
      ).status,
    ).toBe(1);

    expect(JSON.parse(await ana.do('status', '--json'))).toMatchObject({});
    expect(await ana.do('status')).toContain(relay.url);
  }, 180_000);

  it('back up, and come back on a new device', async () => {
    const backup = join(ana.folder, 'ana.backup');
    await ana.do('backup', backup);
    const words = await ana.do('backup', '--phrase');
    expect(words.trim().split(/\s+/)).toHaveLength(24);
    expect(readFileSync(backup).includes('Holidays')).toBe(false);
    const anew = person('anew', { CLIQUET_PASSPHRASE: ana.env.CLIQUET_PASSPHRASE ?? '' });
    expect(await anew.do('restore', backup)).toContain('2 contacts');
    expect(await anew.do('group', 'list')).toContain('lost');
    const { status, stderr } = await anew.run(['send', 'Holidays', 'x']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('not on this device')]);
  }, 60_000);
});

describe('a person at a terminal', () => {
  it('registers: types a passphrase twice and the code, and sees neither passphrase', async () => {
    const dan = person('dan');
    const screen = dan.type(['register', 'dan@example.org'], { CLIQUET_PASSPHRASE: undefined });
    await screen.answer('assphrase', 'a good long one');
    await screen.answer('again', 'a good long one');
    await screen.answer('sent to dan@example.org', '000000');
    await screen.see('That is not the code');
    screen.seen = screen.seen.slice(screen.seen.indexOf('That is not the code'));
    await screen.answer('sent to dan@example.org', await relay.inbox('dan@example.org'));
    await screen.see('You are registered');
    expect(await screen.end()).toBe(0);
    expect(screen.seen).not.toContain('a good long one');
    const status = dan.type(['status'], { CLIQUET_PASSPHRASE: undefined });
    await status.answer('assphrase', 'a good long one');
    await status.see('Contacts');
    expect(await status.end()).toBe(0);
    const interrupted = dan.type(['status'], { CLIQUET_PASSPHRASE: undefined });
    await interrupted.see('assphrase');
    interrupted.press('\x03');
    expect(await interrupted.end()).toBe(130);
  }, 60_000);
});

describe('errors', () => {
  const fails = async (
    who: Person,
    args: readonly string[],
    says: RegExp,
    status = 1,
    env: Record<string, string> = {},
  ) => {
    const ran = await who.run(args, { env });
    expect([args.join(' '), ran.status, ran.stderr.trim().split('\n').length]).toEqual([args.join(' '), status, 1]);
    expect(ran.stderr).toMatch(says);
    expect(ran.stderr).toMatch(/^cliquet: /);
  };

  it('are one sentence that says what to do, and an exit code', async () => {
    const nobody = person('nobody');
    await fails(nobody, ['nonsense'], /Unknown command/, 2);
    await fails(nobody, ['send'], /cliquet send --help|missing/i, 2);
    await fails(nobody, ['register', 'not an address'], /neither an e-mail address/, 2);
    await fails(nobody, ['register', 'x@example.org', '--relay', 'ftp://x'], /no address of a relay/, 2);
    await fails(nobody, ['register', 'x@example.org', '--relay', 'http://127.0.0.1:9'], /cannot be reached/);
    expect(existsSync(nobody.env.CLIQUET_STORE ?? '')).toBe(false);
    for (const args of [
      ['status'],
      ['invite'],
      ['contacts'],
      ['group', 'list'],
      ['send', 'a', 'b'],
      ['listen'],
      ['history'],
      ['unregister', '--yes'],
      ['backup', 'f'],
      ['verify', 'x'],
      ['save', 'g', 'm'],
      ['edit', 'g', 'm', 't'],
      ['delete', 'g', 'm'],
      ['chat', 'g'],
    ]) {
      await fails(nobody, args, /There is no store/);
    }
    await fails(nobody, ['restore', join(nobody.folder, 'missing')], /missing|no such file/i);
    await fails(ana, ['status'], /not the passphrase/, 1, { CLIQUET_PASSPHRASE: 'wrong' });
    await fails(ana, ['register', 'ana@example.org'], /registered already/);
    await fails(ana, ['restore', join(ana.folder, 'ana.backup')], /already|another/);
  }, 120_000);

  it('of names that are not here, or not unique', async () => {
    await fails(ana, ['send', 'Nowhere', 'x'], /no group/);
    await fails(ana, ['contacts', 'add', 'cliquet:nonsense'], /not an invite/);
    await fails(ana, ['contacts', 'rename', 'Nobody', 'x'], /no contact/);
    await fails(ana, ['contacts', 'remove', 'Nobody'], /no contact/);
    await fails(ana, ['group', 'create', 'x', 'Nobody'], /no contact/);
    await fails(ana, ['edit', 'Holidays', 'AAAAAA', 'x'], /no message/i);
    await fails(ana, ['delete', 'Holidays', 'AAAAAA'], /no message/i);
    await fails(ana, ['save', 'Holidays', 'AAAAAA'], /no message/i);
    await fails(ana, ['send', 'Holidays', '--file', '/nowhere/at/all'], /nowhere/);
    await fails(ana, ['verify', 'Holidays', '--number', '12345'], /60 digits/, 2);
    await fails(ana, ['completion', 'tcsh'], /bash/, 2);
  }, 120_000);

  it('while another command uses the store are told at once', async () => {
    const listening = ben.start('listen');
    await until(() => existsSync(`${ben.env.CLIQUET_STORE}-wal`));
    await fails(ben, ['status'], /using this store/);
    await listening.stop();
  }, 60_000);

  it('of a damaged store leave it as it is', async () => {
    const eve = person('eve');
    writeFileSync(eve.env.CLIQUET_STORE ?? '', 'this is no store'.repeat(100));
    await fails(eve, ['status'], /damaged/);
    expect(readFileSync(eve.env.CLIQUET_STORE ?? '', 'utf8')).toBe('this is no store'.repeat(100));
  });

  it('without a terminal the passphrase has to come from a file or the environment', async () => {
    await fails(ana, ['status'], /passphrase/i, 1, { CLIQUET_PASSPHRASE: '' });
    const file = join(ana.folder, 'passphrase');
    writeFileSync(file, `${ana.env.CLIQUET_PASSPHRASE}\n`);
    const ran = await ana.run(['--passphrase-file', file, 'contacts'], { env: { CLIQUET_PASSPHRASE: '' } });
    expect(ran.status).toBe(0);
  });
});
