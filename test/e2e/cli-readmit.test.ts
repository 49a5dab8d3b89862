// Somebody loses a device, on the command line: a backup, a new device, and the others who let it in again.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeInvite } from '../../client/wire/invite.ts';
import { Person } from '../support/command.ts';
import { fail } from '../support/failing-command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
let ana: Person;
let ben: Person;
let cem: Person;
/** The beginnings of ids, as they are shown. */
let group: string;
let bens: string;
let number: string;

const inviteOf = async (of: Person) => (await of.do('invite', '--text')).trim();
const numberOf = async (of: Person) => JSON.parse(await of.do('verify', 'Holidays', '--json')).safetyNumber;
const heard = (who: Person) => who.do('listen', '--once');

beforeAll(async () => {
  relay = await startRelay();
  [ana, ben, cem] = [new Person('ana', relay), new Person('ben', relay), new Person('cem', relay)];
  await Promise.all([ana, ben, cem].map((each) => each.register(relay)));
  const annas = await inviteOf(ana);
  for (const [who, name] of [
    [ben, 'Ben'],
    [cem, 'Cem'],
  ] as const) {
    await ana.do('contacts', 'add', await inviteOf(who), '--name', name);
    await who.do('contacts', 'add', annas, '--name', 'Ana');
  }
  await cem.do('contacts', 'add', await inviteOf(ben), '--name', 'Ben');
  bens = Buffer.from(decodeInvite(await inviteOf(ben)).hrid)
    .toString('base64url')
    .slice(0, 8);
  await ana.do('group', 'create', 'Holidays', 'Ben', 'Cem');
  group = JSON.parse(await ana.do('group', 'show', 'Holidays', '--json')).id.slice(0, 6);
  await ana.do('send', 'Holidays', 'said before');
  for (const who of [ben, cem, ana]) await heard(who);
  number = await numberOf(ana);
}, 180_000);
afterAll(async () => {
  for (const each of [ana, ben, cem]) each.end();
  await relay.stop();
});

describe('a device is lost', () => {
  it('and a new one comes back from the backup: it asks to be let in, and what is said there waits', async () => {
    await ben.do('backup', 'ben.backup');
    const words = await ben.do('backup', '--phrase');
    for (const end of ['', '-wal', '-shm']) rmSync(join(ben.folder, `store.db${end}`), { force: true });
    const restored = await ben.run(['restore', 'ben.backup', '--phrase'], { input: words });
    expect([restored.status, restored.stdout]).toEqual([
      0,
      expect.stringContaining(
        "The groups' keys were on the old device: as soon as you connect, their members are asked to let you in again. Tell them on another way that it is you.\n",
      ),
    ]);
    expect(await ben.do('group', 'show', 'Holidays')).toContain(
      'Its keys are not on this device: it asks the members to let you in again. Tell one of them on another way that it is you.\n',
    );
    expect(await ben.do('status')).toMatch(/Groups +1 \(1 to be let in again by a member\)\n/);
    expect(await ben.do('send', 'Holidays', 'a new device')).toMatch(
      /^\S{6} {2}Kept for Holidays; it goes out when a member has let you in again\n$/,
    );
    expect(await ben.do('history', 'Holidays')).toContain('you (waits to be sent): a new device\n');
    await fail(
      ben,
      [
        'group rename Holidays x',
        'The keys of this group are not on this device yet: it asks the members to let you in again. Under another address than before, ask them to add you.',
      ],
      ['group readmit Holidays you --yes', 'That is you; another member has to let you in.'],
    );
  }, 120_000);

  it('its people are asked whether it is them', async () => {
    const asks = `Warning: Ben asks to be let in again, as after the loss of a device. Whoever has their recovery phrase could be it: ask them on another way. If it is them, type: cliquet group readmit ${group} ${bens}; if not, remove them: cliquet group remove ${group} ${bens}\n`;
    expect(await heard(ana)).toContain(`Holidays · ${asks}`);
    expect(await ana.do('group', 'show', 'Holidays')).toContain(asks);
    expect(JSON.parse(await ana.do('group', 'show', 'Holidays', '--json')).requests).toEqual([
      expect.stringMatching(`^${bens}`),
    ]);
    expect(await ana.do('status')).toContain(`1 (somebody asks to be let in again: cliquet group show ${group})\n`);
    await fail(
      ana,
      [
        'group readmit Holidays Cem --yes',
        `Cem does not ask to be let in again, or has been let in; see who asks, with: cliquet group show ${group}`,
      ],
      ['group readmit Holidays Ben', 'Say --yes to let them in without being asked.', { status: 2 }],
    );
    const screen = ana.type(['group', 'readmit', 'Holidays', 'Ben'], {}, 300);
    await screen.see('Whoever has the recovery phrase of Ben could be the one who asks');
    await screen.answer('Go on? Type yes:', 'no');
    await screen.see('cliquet: Nothing was changed.');
    expect(await screen.end()).toBe(1);
    await ana.do('send', 'Holidays', 'who is that?');
    expect(await heard(ben)).toBe('');
  }, 120_000);

  it('one of them lets it in; everybody is told, and it talks', async () => {
    const screen = ana.type(['group', 'readmit', group, bens], {}, 300);
    await screen.answer('Go on? Type yes:', 'yes');
    await screen.see('You have let Ben into Holidays again; they read what is said from now on.');
    expect(await screen.end()).toBe(0);
    await fail(ana, [
      'group readmit Holidays Ben --yes',
      `Ben does not ask to be let in again, or has been let in; see who asks, with: cliquet group show ${group}`,
    ]);
    expect(await heard(ben)).toContain(
      'Holidays · You are in this group again, with new keys: what was said before cannot be read here; Ana has let you in\n',
    );
    const back = (host: string) =>
      `Warning: Ben is back without the earlier keys, as after the loss of a device; ${host} let them in.`;
    expect(await heard(ana)).toMatch(new RegExp(`${back('you have')}[\\s\\S]*Ben: a new device\n`));
    const cems = await heard(cem);
    expect(cems).toMatch(new RegExp(`${back('Ana has')}[\\s\\S]*Ben: a new device\n`));
    // Nobody asks him any more.
    expect(cems).not.toContain('asks to be let in');
    await cem.do('send', 'Holidays', 'welcome back');
    expect(await heard(ben)).toContain('welcome back\n');
    const history = await ben.do('history', 'Holidays');
    for (const text of ['said before', 'who is that?']) expect(history).not.toContain(text);
    expect(await ben.do('status')).toMatch(/Groups +1\n/);
    expect([await numberOf(ana), await numberOf(ben), await numberOf(cem)]).toEqual([number, number, number]);
  }, 120_000);

  it('who does not want to come back leaves, on that device alone', async () => {
    for (const end of ['', '-wal', '-shm']) rmSync(join(ben.folder, `store.db${end}`), { force: true });
    await ben.do('restore', 'ben.backup');
    await fail(ben, ['group leave Holidays', 'Say --yes to leave without being asked.', { status: 2 }]);
    expect(await ben.do('group', 'leave', 'Holidays', '--yes', '--no-wait')).toBe(
      `You have left Holidays, on this device. The others cannot be told, as the keys of Holidays are not on this device: for them you stay in it until an admin removes you. What was said stays readable; type: cliquet history ${group}\n`,
    );
    expect(await ben.do('group')).toContain('left');
    expect(await cem.do('group', 'show', 'Holidays')).toContain('Ben\n');
  }, 120_000);
});
