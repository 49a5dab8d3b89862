// Commands that make no sense: one sentence that says what to do instead, and exit code 2.

import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Person } from '../support/command.ts';
import { type Failing, fail } from '../support/failing-command.ts';

const nobody = new Person('nobody', { url: 'http://localhost:9' });
afterAll(() => nobody.end());

const usage = { status: 2 };
const more = (path: string) => `see: cliquet${path && ' '}${path} --help`;

describe('what makes no sense is told without a store, a passphrase or a relay', () => {
  it('commands, arguments and options', async () => {
    const missing: readonly (readonly [command: string, argument: string])[] = [
      ['register', 'address'],
      ['send', 'group'],
      ['edit', 'group'],
      ['edit x', 'message'],
      ['edit x y', 'text'],
      ['delete', 'group'],
      ['delete x', 'message'],
      ['chat', 'group'],
      ['save', 'group'],
      ['save x', 'message'],
      ['verify', 'group'],
      ['completion', 'shell'],
      ['contacts add', 'invite'],
      ['contacts rename', 'contact'],
      ['contacts rename x', 'name'],
      ['contacts remove', 'contact'],
      ['group show', 'group'],
      ['group create', 'name'],
      ['group create x', 'who'],
      ['group accept', 'group'],
      ['group decline', 'group'],
      ['group add', 'group'],
      ['group add x', 'who'],
      ['group remove x', 'who'],
      ['group promote x', 'who'],
      ['group demote x', 'who'],
      ['group rename x', 'name'],
      ['group leave', 'group'],
      ['group readmit x', 'who'],
      ['group timer', 'group'],
      ['group history', 'group'],
    ];
    await fail(
      nobody,
      ['nonsense', `Unknown command 'nonsense'; ${more('')}`, usage],
      ['histroy', `Unknown command 'histroy' (Did you mean history?); ${more('')}`, usage],
      ['help nonsense', `There is no command 'nonsense'; ${more('')}`, usage],
      ['group nonsense', `There is no command 'group nonsense'; ${more('group')}`, usage],
      ['contacts nonsense', `There is no command 'contacts nonsense'; ${more('contacts')}`, usage],
      ['status --nonsense', `Unknown option '--nonsense' (what is no option goes behind --); ${more('status')}`, usage],
      [
        'listen --jsn',
        `Unknown option '--jsn' (Did you mean --json?) (what is no option goes behind --); ${more('listen')}`,
        usage,
      ],
      ['status x', `Too many arguments for 'status'. Expected 0 arguments but got 1: x; ${more('status')}`, usage],
      ['verify x y', `Too many arguments for 'verify'. Expected 1 argument but got 2: x, y; ${more('verify')}`, usage],
      ['--store', `Option '--store <file>' argument missing; ${more('')}`, usage],
      ['send x --file', `Option '--file <path>' argument missing; ${more('send')}`, usage],
      ...missing.map(([command, argument]): Failing => {
        const path = command.replace(/( x)?( y)?$/, '');
        return [command, `Missing required argument '${argument}'; ${more(path)}`, usage];
      }),
    );
    expect(existsSync(nobody.env.CLIQUET_STORE ?? '')).toBe(false);
  }, 180_000);

  it('values', async () => {
    const address = 'is neither an e-mail address nor a phone number in international form (+…); check it.';
    const relayAddress = 'is no address of a relay; write it like https://relay.example.org';
    const rule = 'is no rule for a history; write all, none, or a number of days.';
    const date = 'is no date; write 2026-11-24, 2026-11-24T14:03, today, yesterday, or 7d for seven days ago.';
    await fail(
      nobody,
      [['register', 'not an address'], `'not an address' ${address}`, usage],
      ['register x@example.org --relay ftp://x', `'ftp://x' ${relayAddress}`, usage],
      ['register x@example.org --relay http://[', `'http://[' ${relayAddress}`, usage],
      ['register x@example.org --relay https://u:p@x', `'https://u:p@x' ${relayAddress}`, usage],
      ['register x@example.org', `'nonsense' ${relayAddress}`, { ...usage, env: { CLIQUET_RELAY: 'nonsense' } }],
      ['register x@example.org --history week', `'week' ${rule}`, usage],
      ['restore --phrase --relay nonsense', `'nonsense' ${relayAddress}`, usage],
      ['restore --phrase', 'Say at which relay you were, with --relay URL.', { ...usage, env: { CLIQUET_RELAY: '' } }],
      ['restore', 'Name the backup, or say --phrase to start from the words.', usage],
      ['restore --phrase', 'Write the 24 words, with spaces between them.', usage],
      ['backup', 'Name a file for the backup, or say --phrase for the words.', usage],
      ['send x y --timeout soon', `'soon' is no number of seconds; write one like 30.`, usage],
      [['send', 'x', ''], 'There is nothing to send: the text is empty.', usage],
      ['send x', 'There is nothing to send: the text is empty.', { ...usage, input: '\n' }],
      [
        'send x',
        'Standard input is no text; write it to a file, and send that with --file FILE.',
        { input: new Uint8Array([0xff, 0xfe]) },
      ],
      [
        'send x',
        'Standard input is too large: a message or a file has at most 64 KiB; send it in parts.',
        { input: 'x'.repeat(1_100_000) },
      ],
      ['send x y --type text/plain', '--type goes with --file.', usage],
      ['send x y --file z', 'Send either a text or a file; to say something about the file, send it behind.', usage],
      ['send x --file z --type picture', `'picture' is no media type; write it like image/png.`, usage],
      [['edit', 'x', 'y', ''], 'There is nothing to send: the text is empty.', usage],
      ['history --limit some', `'some' is no number of messages; write one like 50, or 0 for all.`, usage],
      ['history --from tomorrow', `'tomorrow' ${date}`, usage],
      ['history --to 2026-02-31', `'2026-02-31' ${date}`, usage],
      ['listen --after x', `'x' is no number of an event; write the one that --json shows.`, usage],
      ['save x y --force', 'Name the file that --force overwrites: its sender chose its own name.', usage],
      ['invite --qr --text', 'Say one of --qr, --link and --text, or none for all of them.', usage],
      ['verify x --confirm --undo', 'Say one of --number, --confirm and --undo.', usage],
      ['verify x --number 12345', 'That is no safety number: write its 60 digits.', usage],
      [['group', 'create', ' ', 'x'], 'A group needs a name; its members see it.', usage],
      [['group', 'create', 'x'.repeat(129), 'x'], "A group's name has at most 128 characters.", usage],
      [['group', 'rename', 'x', ' '], 'A group needs a name; its members see it.', usage],
      [['group', 'rename', 'x', 'x'.repeat(129)], "A group's name has at most 128 characters.", usage],
      ['group add x y --timeout soon', `'soon' is no number of seconds; write one like 30.`, usage],
      ['group create x y --history 0', `'0' ${rule}`, usage],
      ['group history x forever', `'forever' ${rule}`, usage],
      ['group timer x soon', `'soon' is no duration; write a number and a unit: 30s, 5m, 1h, 7d or 4w.`, usage],
      ['group timer x 53w', 'Messages stay for a year at most; write 52w or less, or off.', usage],
      [['contacts', 'add', 'x', '--name', ' '], 'A name cannot be empty; write what you call this person.', usage],
      ['contacts add -', 'There was no invite on standard input; write it there, or behind the command.', usage],
      [['contacts', 'rename', 'x', ''], 'A name cannot be empty; write what you call this person.', usage],
      [['contacts', 'rename', 'x', 'y'.repeat(129)], 'A name has at most 128 characters.', usage],
      ['completion tcsh', `There is no completion for 'tcsh'; name one of bash, zsh, fish.`, usage],
      ['passphrase', 'Say --new-passphrase-file FILE, or run it in a terminal.', usage],
    );
    expect(existsSync(nobody.env.CLIQUET_STORE ?? '')).toBe(false);
  }, 180_000);
});
