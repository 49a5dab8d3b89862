// The command line as people use it: three of them, each command in a process of its own, against a real relay.
// What they see at a terminal is in cli-terminal.test.ts, what goes wrong in cli-errors.test.ts.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Person } from '../support/command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

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
    expect(listening.stderr).not.toMatch(/at .*\.[jt]s/);
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
    expect(await anew.do('send', 'Holidays', 'x')).toContain('it goes out when a member has let you in again');
  }, 60_000);
});

it('in a clone starts with the Node of the lock, where the one that it is started with runs no TypeScript', async () => {
  const root = join(import.meta.dirname, '../..');
  const { bin, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const env = { NODE_OPTIONS: '--no-experimental-strip-types' };
  const eve = new Person('eve', relay, env, join(root, bin.cliquet));
  people.push(eve);
  expect(await eve.do('--version')).toBe(`${version}\n`);
});
