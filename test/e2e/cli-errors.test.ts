// Every error of every command, seen once: one sentence that says what to do next, and an exit code. Here those of
// stores, files, names, people and messages; cli-usage.test.ts has what makes no sense, cli-relay-errors.test.ts what a
// relay refuses, cli-terminal.test.ts what a person at a terminal sees.

import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity } from '../../client/protocol/identity.ts';
import { decodeInvite, encodeInvite } from '../../client/wire/invite.ts';
import { Person } from '../support/command.ts';
import { type Failing, fail } from '../support/failing-command.ts';
import { seededRandom } from '../support/random.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
/** Has a contact, a group with two messages, and an invitation that waits. */
let ana: Person;
let ben: Person;
let nobody: Person;
let invite: string;
let mine: string;
let theirs: string;
const people: Person[] = [];
const person = (name: string, env: Record<string, string> = {}) => {
  const made = new Person(name, relay, env);
  people.push(made);
  return made;
};
const idIn = (line: string) => line.match(/(?:^|\s)([\w-]{6}) {2}/)?.[1] ?? '';
const inviteOf = async (of: Person) => (await of.do('invite', '--text')).trim();

beforeAll(async () => {
  relay = await startRelay();
  ana = person('ana');
  ben = person('ben');
  const cem = person('cem');
  nobody = person('nobody');
  await Promise.all([ana, ben, cem].map((each) => each.register(relay)));
  invite = await inviteOf(ben);
  await ana.do('contacts', 'add', invite, '--name', 'Ben');
  await ben.do('contacts', 'add', await inviteOf(ana), '--name', 'Ana');
  await ana.do('group', 'create', 'Holidays', 'Ben');
  mine = idIn(await ana.do('send', 'Holidays', 'mine'));
  theirs = idIn(await ben.do('send', 'Holidays', 'theirs'));
  await cem.do('group', 'create', 'Strangers', await inviteOf(ana));
  expect(await ana.do('listen', '--once')).toMatch(/theirs[\s\S]*invites you/);
}, 180_000);
afterAll(async () => {
  for (const each of people) each.end();
  await relay.stop();
});

describe('stores and passphrases', () => {
  it('without a store', async () => {
    const sentence =
      'There is no store at ~/store.db; type: cliquet register you@example.org, or name another with --store FILE.';
    const commands = ['status', 'invite', 'contacts', 'contacts add x', 'contacts rename x y', 'contacts remove x'];
    commands.push('group', 'group show x', 'group create x y', 'group accept x', 'group decline x', 'group timer x');
    commands.push('group add x y', 'group remove x y', 'group promote x y', 'group demote x y', 'group rename x y');
    commands.push(
      'group leave x',
      'group readmit x y',
      'group history x',
      'send x y',
      'edit x y z',
      'delete x y',
      'save x y',
      'listen',
      'chat x',
      'history',
    );
    commands.push('verify x', 'backup x', 'unregister --yes', 'passphrase --new-passphrase-file x');
    await fail(nobody, ...commands.map((command): Failing => [command, sentence]));
  }, 120_000);

  it('with one that cannot be had', async () => {
    const [folder, notOne, newer] = ['folder', 'not-one', 'newer'].map((name) => join(nobody.folder, name));
    mkdirSync(folder ?? '');
    writeFileSync(notOne ?? '', 'this is no store'.repeat(100));
    copyFileSync(ben.env.CLIQUET_STORE ?? '', newer ?? '');
    const database = new DatabaseSync(newer ?? '');
    database.exec('PRAGMA user_version = 99');
    database.close();
    const damaged = 'This store is damaged and was left as it is; restore a backup into a new one. (it is no store)';
    const isFolder = '~/folder is a folder; name a file with --store FILE.';
    await fail(
      nobody,
      ['status', isFolder, { env: { CLIQUET_STORE: folder } }],
      ['register x@example.org', isFolder, { env: { CLIQUET_STORE: folder } }],
      ['status', damaged, { env: { CLIQUET_STORE: notOne } }],
      ['register x@example.org', damaged, { env: { CLIQUET_STORE: notOne } }],
      [
        'status',
        'This store was written by a newer version of Cliquet; update this one.',
        { env: { CLIQUET_STORE: newer } },
      ],
      [
        'register x@example.org',
        'The store cannot be written, nothing was changed; see to free space and access, then try again.',
        { env: { CLIQUET_STORE: join(notOne ?? '', 'store.db') } },
      ],
    );
    expect(readFileSync(notOne ?? '', 'utf8')).toBe('this is no store'.repeat(100));
    const listening = ben.start('listen', '--json');
    await listening.line('joined');
    await fail(ben, [
      'status',
      "Another program is using this store, such as 'cliquet listen'; end it first. To listen and send at once, type: cliquet chat GROUP",
    ]);
    await listening.stop();
  }, 60_000);

  it('with one in which a registration broke off', async () => {
    const eve = person('eve');
    const registering = eve.start('register', 'eve@example.org');
    await relay.inbox('eve@example.org');
    copyFileSync(eve.env.CLIQUET_STORE ?? '', join(eve.folder, 'copy'));
    expect(await registering.stop('SIGTERM')).toBe(143);
    expect(existsSync(eve.env.CLIQUET_STORE ?? '')).toBe(false);
    // The power went before anything was written.
    writeFileSync(eve.env.CLIQUET_STORE ?? '', '');
    const sentence = 'Nobody is in the store at ~/store.db yet; type: cliquet register you@example.org --relay URL';
    await fail(eve, ['status', sentence], ['backup x', sentence]);
    await fail(eve, ['register eve@example.org', sentence, { env: { CLIQUET_RELAY: undefined } }]);
  }, 60_000);

  it('with a passphrase that is not it', async () => {
    const file = (name: string, content: string) => {
      writeFileSync(join(ana.folder, name), content);
      return name;
    };
    file('empty', '\nsecond line');
    const own = ana.env.CLIQUET_PASSPHRASE ?? '';
    const unset = { env: { CLIQUET_PASSPHRASE: undefined } };
    await fail(
      ana,
      ['status', 'That is not the passphrase; nothing was changed. Try again.', { env: { CLIQUET_PASSPHRASE: 'x' } }],
      ['status', 'CLIQUET_PASSPHRASE is empty; set it, or unset it to be asked.', { env: { CLIQUET_PASSPHRASE: '' } }],
      [
        'status',
        'There is no terminal to ask for the passphrase; set CLIQUET_PASSPHRASE, or say --passphrase-file FILE.',
        { ...unset, alone: true },
      ],
      ['--passphrase-file missing status', 'There is no missing; check the path.'],
      ['--passphrase-file empty status', 'The first line of empty is empty; write the passphrase there.'],
      ['--passphrase-file . status', '. is a folder; name a file.'],
      [
        'passphrase --new-passphrase-file short',
        'The passphrase is too short: choose at least 8 characters, better four words.',
        { env: { X: file('short', 'short') } },
      ],
      ['passphrase --new-passphrase-file missing', 'There is no missing; check the path.'],
    );
    await fail(nobody, [
      'register x@example.org',
      'The passphrase is too short: choose at least 8 characters, better four words.',
      { env: { CLIQUET_PASSPHRASE: 'short' } },
    ]);
    // As editors on Windows write it.
    file('windows', `\ufeff${own}\r\nmore\r\n`);
    expect((await ana.run(['--passphrase-file', 'windows', 'contacts'], unset)).status).toBe(0);
  }, 60_000);
});

describe('files that a person names', () => {
  it('cannot be read, or are there already', async () => {
    const at = (name: string) => join(ana.folder, name);
    mkdirSync(at('folder'));
    writeFileSync(at('file'), 'kept');
    writeFileSync(at('large'), 'x'.repeat(70_000));
    writeFileSync(at('huge'), 'x'.repeat(1_100_000));
    symlinkSync('nowhere', at('link'));
    const long = 'x'.repeat(300);
    const exists = (name: string) => `${name} exists already; name another file, or say --force to overwrite it.`;
    const noFile = (name: string) => `${name} is a folder or a device; name a file.`;
    const sent = idIn(await ana.do('send', 'Holidays', '--file', 'file', '--no-wait'));
    await fail(
      ana,
      ['send Holidays --file missing', 'There is no missing; check the path.'],
      ['send Holidays --file folder', noFile('folder')],
      ['send Holidays --file /dev/zero', noFile('/dev/zero')],
      ['send Holidays --file file/x', 'A part of the path file/x is no folder; check it.'],
      [`send Holidays --file ${long}`, `The name ${long} is too long; choose a shorter one.`],
      ['send Holidays --file large', 'A message or a file has at most 64 KiB; send it in parts.'],
      ['send Holidays --file huge', 'huge is too large: a message or a file has at most 64 KiB; send it in parts.'],
      ['backup file', exists('file')],
      ['backup folder', noFile('folder')],
      ['backup folder --force', noFile('folder')],
      ['backup missing/file', 'There is no missing/file; check the path.'],
      ['history --export file', exists('file')],
      ['history --export link', exists('link')],
      ['history --export folder --force', noFile('folder')],
      ['history --export /dev/null --force', noFile('/dev/null')],
      [`save Holidays ${sent}`, exists('file')],
      [`save Holidays ${sent} file`, exists('file')],
      [`save Holidays ${sent} folder --force`, noFile('folder')],
      [`save Holidays ${mine}`, 'This message is no file, so there is nothing to save.'],
    );
    const elsewhere = { env: { CLIQUET_STORE: at('new.db') } };
    await fail(
      ana,
      ['restore file', 'There is a store at ~/store.db already; restore into a new one, with --store FILE.'],
      ['restore missing', 'There is no missing; check the path.', elsewhere],
      ['restore folder', 'folder is a folder; name a file.', elsewhere],
      ['restore file', 'This is not a backup, or it is damaged; use another copy.', elsewhere],
    );
    expect(readFileSync(at('file'), 'utf8')).toBe('kept');
    expect(existsSync(at('nowhere')) || existsSync(at('new.db'))).toBe(false);
    await ana.do('delete', 'Holidays', sent);
    await fail(ana, [`save Holidays ${sent}`, 'This message was deleted by its author; there is nothing to save.']);
  }, 120_000);

  it.runIf(process.platform === 'linux')('may not be opened', () =>
    fail(ana, ['backup /sys/kernel/x', '/sys/kernel/x may not be opened; check its permissions.']),
  );

  it('backups, and words that open nothing', async () => {
    await ana.do('backup', 'ana.backup');
    const anew = person('anew');
    copyFileSync(join(ana.folder, 'ana.backup'), join(anew.folder, 'b'));
    const words = (expected: string) =>
      `These are not the 24 words of a recovery phrase; check their spelling and order. (${expected})`;
    await fail(
      anew,
      ['restore b', 'That is not the passphrase of this backup; nothing was made. Try again, or use --phrase.'],
      ['restore b --phrase', words('24 words expected, 3 found'), { input: 'abandon abandon abandon\n' }],
      ['restore --phrase', words('word 24 is not in the list'), { input: `${'abandon '.repeat(23)}zzz\n` }],
    );
    expect(existsSync(anew.env.CLIQUET_STORE ?? '')).toBe(false);
    // The passphrase is the backup's. It does not connect: the other device would be the old one then.
    const same = { env: { CLIQUET_PASSPHRASE: ana.env.CLIQUET_PASSPHRASE } };
    expect((await anew.run(['restore', 'b'], same)).status).toBe(0);
  }, 60_000);
});

describe('names', () => {
  it('that mean nothing here, or two things', async () => {
    const noGroup = `There is no group 'Nowhere' here; see them with: cliquet group list`;
    const id = JSON.parse(await ana.do('group', 'show', 'Holidays', '--json')).id.slice(0, 6);
    const alike = `There is no group 'holi' here; do you mean ${id} (Holidays)?`;
    const noContact = `There is no contact 'Nobody' here; see them with: cliquet contacts`;
    const noMessage = `There is no message 'AAAAAA' in Holidays; see them with: cliquet history`;
    await fail(
      ana,
      ...[
        ['send Nowhere x', 'edit Nowhere x y', 'delete Nowhere x', 'save Nowhere x', 'listen Nowhere', 'chat Nowhere'],
        ['history Nowhere', 'verify Nowhere', 'group show Nowhere', 'group accept Nowhere', 'group decline Nowhere'],
        ['group timer Nowhere', 'group history Nowhere', 'group add Nowhere x', 'group remove Nowhere x'],
        ['group promote Nowhere x', 'group demote Nowhere x', 'group rename Nowhere x', 'group leave Nowhere --yes'],
        ['group readmit Nowhere x'],
      ]
        .flat()
        .map((command): Failing => [command, noGroup]),
      ['send holi x', alike],
      ['contacts rename Nobody x', noContact],
      ['contacts remove Nobody', noContact],
      ['group create x Nobody', noContact],
      ['edit Holidays AAAAAA x', noMessage],
      ['delete Holidays AAAAAA', noMessage],
      ['save Holidays AAAAAA', noMessage],
      ['send Holidays x --reply AAAAAA', noMessage],
      [
        'save Holidays A',
        `There is no message 'A' in Holidays (write at least 4 characters of its id); see them with: cliquet history`,
      ],
    );
    const eve = person('ever');
    await eve.register(relay);
    await fail(eve, ['send x y', `There is no group 'x' here; there is none yet; type: cliquet group create`]);
    const hrid = (of: string) => Buffer.from(decodeInvite(of).hrid).toString('base64url').slice(0, 8);
    const annas = await inviteOf(ana);
    await eve.do('contacts', 'add', invite, '--name', 'Sam');
    await eve.do('contacts', 'add', annas, '--name', 'sam');
    await fail(
      eve,
      ['contacts add x --name Sam', `${hrid(invite)} is called Sam already; choose another name.`],
      ['contacts rename Sam sam', `${hrid(annas)} is called sam already; choose another name.`],
    );
    const ambiguous = await eve.run(['contacts', 'remove', 'SAM']);
    expect([ambiguous.status, ambiguous.stderr]).toEqual([
      1,
      expect.stringMatching(/^cliquet: 'SAM' could be 2 contacts; name one by its id: \S{8} \(\w+\), \S{8} \(\w+\)\n$/),
    ]);
    // Whoever founds a group may call it what another's id begins with.
    const first = idIn(await eve.do('group', 'create', 'Twins', 'Sam').then(() => eve.do('group', 'list')));
    await eve.do('group', 'create', first, 'sam', '--no-wait');
    const { status, stderr } = await eve.run(['send', first, 'x']);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`'${first}' could be 2 groups; name one by its id: `),
    ]);
  }, 120_000);
});

describe('people, groups and messages', () => {
  it('invites that do not work, and groups that cannot be', async () => {
    const own = decodeInvite(invite);
    const noInvite = 'This is no invite; ask for a new one, and copy all of it.';
    const elsewhere = 'This belongs to another relay than yours; use a store of your own for each, with --store FILE.';
    const other = encodeInvite({ ...own, relay: 'https://relay.example.org' });
    const forged = encodeInvite({ ...own, pk: createIdentity(seededRandom(1).bytes).pk });
    const conflict =
      'Somebody appears under another key than before; compare safety numbers with them on another way before you go on.';
    const twice = 'Somebody is named twice, or you yourself; name each of the others once.';
    const many = Array.from({ length: 256 }, (_, i) => encodeInvite({ ...own, hrid: new Uint8Array(32).fill(i) }));
    const strangers = JSON.parse(await ana.do('group', 'show', 'Strangers', '--json')).id.slice(0, 6);
    await fail(
      ana,
      ['contacts add nonsense', noInvite],
      [`contacts add ${invite.slice(0, -4)}`, noInvite],
      [`contacts add ${other}`, elsewhere],
      [`contacts add ${forged}`, conflict],
      ['contacts add -', noInvite, { input: 'cliquet:nonsense' }],
      [`group create x ${other}`, elsewhere],
      [`group create x ${forged}`, conflict],
      [`group add Holidays ${other}`, elsewhere],
      [`group add Holidays ${forged}`, conflict],
      ['group add Holidays cliquet:nonsense', noInvite],
      [
        ['group', 'add', 'Holidays', ...many],
        'A group has at most 256 members, and Holidays has 2; found another one.',
      ],
      ['group remove Strangers you', `That is you; to leave, type: cliquet group leave ${strangers}`],
      ['group leave Strangers', `You have not joined Strangers; to stay out, type: cliquet group decline ${strangers}`],
      ['group create x Ben Ben', twice],
      [`group create x ${await inviteOf(ana)}`, twice],
      [['group', 'create', 'x', ...many], 'A group has between 2 and 256 members; name 1 to 255 others.'],
      ['unregister', 'Say --yes to unregister without being asked.', { status: 2 }],
      ['register ana@example.org', 'You are registered already; to start over, type: cliquet unregister'],
    );
  }, 60_000);

  it('what may not be changed, and invitations that wait or were answered', async () => {
    const waiting = 'You have not accepted the invitation to this group yet; type: cliquet group accept GROUP';
    const notMine = "This message is somebody else's; you can change and delete your own.";
    const large = 'A message or a file has at most 64 KiB; send it in parts.';
    const answered = 'You have answered this invitation before; see: cliquet group list';
    await fail(
      ana,
      [`edit Holidays ${theirs} x`, notMine],
      [`delete Holidays ${theirs}`, notMine],
      ['send Holidays', large, { input: 'x'.repeat(70_000) }],
      [`edit Holidays ${mine} -`, large, { input: 'x'.repeat(70_000) }],
      ['send Strangers x', waiting],
      ['group timer Strangers 7d', waiting],
      ['group add Strangers Ben', waiting],
      ['group rename Strangers x', waiting],
      ['group accept Holidays', answered],
      ['group decline Holidays', answered],
      [
        ['verify', 'Holidays', '--number', '1'.repeat(60)],
        'The safety numbers differ: somebody may stand in the middle. Check the digits, and trust this group with nothing private.',
      ],
    );
  }, 60_000);
});
