// Groups that change, on the command line: who comes and goes, who may, and what the others are told of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeInvite } from '../../client/wire/invite.ts';
import { Person } from '../support/command.ts';
import { fail } from '../support/failing-command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
/** The founder; knows all the others, as they know her. */
let ana: Person;
let ben: Person;
let cem: Person;
let dan: Person;
const people: Person[] = [];
const person = (name: string) => {
  const made = new Person(name, relay);
  people.push(made);
  return made;
};
const inviteOf = async (of: Person) => (await of.do('invite', '--text')).trim();
const hridOf = (invite: string) => Buffer.from(decodeInvite(invite).hrid).toString('base64url');

let group: string;
/** Nobody but Ana has a name for him. */
let dans: string;

beforeAll(async () => {
  relay = await startRelay();
  [ana, ben, cem, dan] = [person('ana'), person('ben'), person('cem'), person('dan')];
  await Promise.all([ana, ben, cem, dan].map((each) => each.register(relay)));
  const annas = await inviteOf(ana);
  for (const [who, name] of [
    [ben, 'Ben'],
    [cem, 'Cem'],
    [dan, 'Dan'],
  ] as const) {
    await ana.do('contacts', 'add', await inviteOf(who), '--name', name);
    await who.do('contacts', 'add', annas, '--name', 'Ana');
  }
  await ben.do('contacts', 'add', await inviteOf(cem), '--name', 'Cem');
  await cem.do('contacts', 'add', await inviteOf(ben), '--name', 'Ben');
  dans = hridOf(await inviteOf(dan));
  await ana.do('group', 'create', 'Holidays', 'Ben', 'Cem');
  group = JSON.parse(await ana.do('group', 'show', 'Holidays', '--json')).id;
  for (const who of [ben, cem]) await who.do('listen', '--once');
}, 180_000);
afterAll(async () => {
  for (const each of people) each.end();
  await relay.stop();
});

const heard = (who: Person) => who.do('listen', '--once');

describe('a group', () => {
  it('takes somebody in, whom only an admin may add', async () => {
    await fail(
      ben,
      [`group add Holidays ${await inviteOf(dan)}`, 'Only an admin of Holidays may do that; ask Ana.'],
      ['group remove Holidays Cem', 'Only an admin of Holidays who came before Cem may do that; ask Ana.'],
      ['group promote Holidays you', 'Only an admin of Holidays may do that; ask Ana.'],
      ['group add Holidays Zed', `There is no contact 'Zed' here; see them with: cliquet contacts`],
    );
    expect(await ana.do('group', 'add', 'Holidays', 'Dan', 'Dan')).toBe(
      'Dan is in Holidays now, and reads what is said from now on.\n',
    );
    expect(await ana.do('group', 'add', 'Holidays', 'Dan')).toBe('All of them were in Holidays already.\n');
    const events = (await ben.do('listen', '--once', '--json')).trim().split('\n');
    expect(events.map((line) => JSON.parse(line))).toContainEqual({
      number: expect.any(Number),
      at: expect.any(Number),
      type: 'changed',
      group,
      groupName: 'Holidays',
      by: hridOf(await inviteOf(ana)),
      added: [dans],
      removed: [],
      promoted: [],
      demoted: [],
      name: null,
      carried: false,
      undone: false,
    });
    expect(await heard(cem)).toContain(`Holidays · Ana has added ${dans.slice(0, 8)}\n`);
    expect(await heard(dan)).toContain('Holidays · Ana has put you into this group of 4\n');
    await dan.do('send', 'Holidays', 'glad to be here');
    expect(await heard(ben)).toContain(`${dans.slice(0, 8)}: glad to be here\n`);
    expect(await heard(ana)).toMatch(/You have added Dan\n[\s\S]*Dan: glad to be here\n/);
  }, 180_000);

  it('has admins, and another name, whatever is in that', async () => {
    expect(await ana.do('group', 'promote', 'Holidays', 'Ben')).toBe('Ben is an admin of Holidays now.\n');
    expect(await heard(ben)).toContain('Ana has made you an admin\n');
    expect(await ben.do('group', 'show', 'Holidays')).toMatch(
      / {2}admin {3}Ana\n.* {2}admin {3}you\n.* {2}member {2}Cem\n/,
    );
    await fail(ben, ['group demote Holidays Ana', 'Nobody but Ana may do that: no admin of Holidays came before.']);

    // Cem has not heard of that yet, so his change does not count.
    const name = 'Winter\x1b[2J\u202e';
    expect(await cem.do('group', 'rename', 'Holidays', name, '--no-wait')).toMatch(
      /^The group \S{6} is called Winter\\u\{1b\}\[2J\\u\{202e\} now\.\n$/,
    );
    const listening = cem.start('listen');
    await listening.line('You had renamed the group, but another change got ahead of it');
    await listening.stop();
    await cem.do('group', 'rename', group.slice(0, 6), name);
    const seen = await heard(ben);
    expect(seen).toContain(`Cem has renamed the group to 'Winter\\u{1b}[2J\\u{202e}'\n`);
    expect(seen).not.toContain('\x1b');
    expect(seen).not.toContain('\u202e');
    await ben.do('group', 'rename', group.slice(0, 6), 'Winter');
    expect(await heard(ana)).toContain(`· Ben has renamed the group to 'Winter'\n`);
  }, 180_000);

  it('loses somebody, who keeps what was said and hears nothing more', async () => {
    await fail(
      ben,
      [
        'group remove Winter Zed',
        `There is no 'Zed' in Winter; see its members with: cliquet group show ${group.slice(0, 6)}`,
      ],
      ['group remove Winter you', `That is you; to leave, type: cliquet group leave ${group.slice(0, 6)}`],
    );
    await heard(dan);
    expect(await ben.do('group', 'remove', 'Winter', dans.slice(0, 8))).toBe(
      `${dans.slice(0, 8)} is not in Winter any more, and reads nothing that is said from now on by whoever has heard of it.\n`,
    );
    await ben.do('send', 'Winter', 'a secret');
    expect(await heard(cem)).toMatch(new RegExp(`Ben has removed ${dans.slice(0, 8)}\n[\\s\\S]*a secret`));
    const bens = hridOf(await inviteOf(ben)).slice(0, 8);
    const stays = `Ana or ${bens} can add you again. What was said stays readable; type: cliquet history ${group.slice(0, 6)}`;
    const last = await heard(dan);
    expect(last).toContain(`${bens} has removed you from this group. ${stays}\n`);
    expect(last).not.toContain('a secret');
    expect(await dan.do('group', 'list')).toMatch(/ {2}removed {3}/);
    expect(await dan.do('group', 'show', 'Winter')).toContain(`You were removed; these were in it then.\n${stays}\n`);
    const history = await dan.do('history', 'Winter');
    expect(history).toContain('glad to be here');
    expect(history).not.toContain('a secret');
    const out = 'You are not in this group any more; ask one of its admins to add you.';
    await fail(dan, ['send Winter x', out], ['group rename Winter x', out], ['group leave Winter --yes', out]);
    await fail(ana, [
      'group demote Winter Dan',
      `Dan is not in Winter; see its members with: cliquet group show ${group.slice(0, 6)}`,
    ]);
  }, 180_000);

  it('is left, after a question, and has an admin all the same', async () => {
    expect(await ana.do('group', 'demote', 'Winter', 'you')).toBe('You are an ordinary member of Winter now.\n');
    expect(await heard(ben)).toContain('Ana has stepped down as an admin\n');
    await fail(
      ben,
      [
        'group demote Winter you',
        `You are the only admin of Winter; first make somebody else one, with: cliquet group promote ${group.slice(0, 6)} WHO`,
      ],
      ['group leave Winter', 'Say --yes to leave without being asked.', { status: 2 }],
    );
    const screen = ana.type(['group', 'leave', 'Winter']);
    await screen.answer('You will not read or say anything in Winter any more. Go on? Type yes:', 'no');
    await screen.see('cliquet: Nothing was changed.');
    expect(await screen.end()).toBe(1);
    const again = ana.type(['group', 'leave', 'Winter']);
    await again.answer('Go on? Type yes:', 'yes');
    await again.see('You have left Winter. What was said stays readable; type: cliquet history');
    expect(await again.end()).toBe(0);
    expect(await ana.do('group', 'list')).toMatch(/ {2}left {6}/);
    expect(await heard(ana)).toContain('You have left this group. Ben can add you again.');

    expect(await heard(ben)).toContain('Ana has left\n');
    const last = ben.type(['group', 'leave', 'Winter']);
    await last.answer('any more. Cem becomes its admin. Go on? Type yes:', 'yes');
    expect(await last.end()).toBe(0);
    expect(await heard(cem)).toContain('Ben has left and made you an admin\n');
  }, 180_000);

  it('has one member left, who can add others again', async () => {
    const alone = `You are alone in Winter: nobody would read it; add somebody, with: cliquet group add ${group.slice(0, 6)} WHO`;
    await fail(cem, ['send Winter anybody?', alone], ['group timer Winter 7d', alone], ['chat Winter', alone]);
    expect(await cem.do('group', 'list')).toMatch(/ {2}active {6}1 member {3}Winter\n/);
    expect(await cem.do('group', 'add', 'Winter', 'Ana', 'Ben')).toBe(
      'Ana and Ben are in Winter now, and read what is said from now on.\n',
    );
    // She has left, so she is asked.
    expect(await heard(ana)).toMatch(
      /Winter · Cem invites you into this group of 3 again; type: cliquet group accept \S{8}, or decline\n/,
    );
    await ana.do('group', 'accept', 'Winter');
    await ana.do('send', 'Winter', 'here again');
    expect(await heard(cem)).toContain('Ana: here again\n');

    const found = JSON.parse(await cem.do('group', 'show', 'Winter', '--json'));
    await relay.stop();
    const away = 'The relay cannot be reached; check your connection and its address.';
    await fail(cem, ['group remove Winter Ana', away], ['group leave Winter --yes --no-wait', away]);
    // Nothing is half done.
    expect(JSON.parse(await cem.do('group', 'show', 'Winter', '--json'))).toEqual(found);
  }, 180_000);
});
