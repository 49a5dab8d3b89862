import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram, markOperands } from '../../../client/cli/program.ts';
import packageJson from '../../../package.json' with { type: 'json' };

const written = () => ({ out: '', err: '' });
const program = createProgram('1.2.3', async () => undefined, written(), 80);

/** Every command with what is typed to reach it. */
function all(command: Command, path: string): [string, Command][] {
  return [[path, command], ...command.commands.flatMap((child) => all(child, `${path} ${child.name()}`))];
}

/** What `--help` prints. */
function helpOf(path: string): string {
  const said = written();
  const tree = createProgram('1.2.3', async () => undefined, said, 80);
  expect(() => tree.parse([...path.split(' ').slice(1), '--help'], { from: 'user' })).toThrow('(outputHelp)');
  return said.out;
}

test('createProgram() has the commands', () => {
  expect(all(program, 'cliquet').map(([path]) => path.replace('cliquet', '').trim())).toEqual([
    '',
    ...['register', 'unregister', 'status', 'send', 'edit', 'delete', 'listen', 'chat', 'history', 'save', 'invite'],
    ...['contacts', 'contacts list', 'contacts add', 'contacts rename', 'contacts remove'],
    ...[
      'group',
      'group list',
      'group show',
      'group create',
      'group accept',
      'group decline',
      'group add',
      'group remove',
      'group promote',
      'group demote',
      'group rename',
      'group leave',
      'group readmit',
      'group timer',
      'group history',
    ],
    ...['verify', 'backup', 'restore', 'passphrase', 'completion'],
  ]);
});

test.each(all(program, 'cliquet').map(([path]) => path))('%s --help says what it does, with an example', (path) => {
  const help = helpOf(path);
  expect(help).toMatch(new RegExp(`^Usage: ${path} `));
  expect(help).toContain('Examples:');
  const inExample = path.replace(/ list$/, '');
  expect(help).toMatch(new RegExp(`\\n {2}\\$ (.*\\| )?(echo .*)?${inExample}\\b`));
  expect(help.split('\n')[2]?.length).toBeGreaterThan(5);
  expect(help).toContain('--store <file>');
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test.each(all(program, 'cliquet'))(
  '%s each option and argument is explained, and none takes a passphrase',
  (_path, command) => {
    for (const { description, flags } of command.options) {
      expect(description, flags).not.toBe('');
      expect(flags).not.toMatch(/passphrase(?!-file)|password|secret|--code/);
    }
    for (const argument of command.registeredArguments)
      expect(argument.name()).not.toMatch(/passphrase|password|secret/);
  },
);

test('every example is accepted by the parser', async () => {
  for (const [path] of all(program, 'cliquet')) {
    const examples = [...helpOf(path).matchAll(/^ {2}\$ (.+?)(?: {3}.*)?$/gm)].map(([, command]) => command ?? '');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const own = example.split(' | ').find((part) => part.startsWith('cliquet')) ?? '';
      const words = [...own.replace(/ (>>?|<) .*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, word]) => quoted ?? word ?? '',
      );
      const ran: string[] = [];
      const tree = createProgram('1.2.3', async () => void ran.push(example), written(), 80);
      await tree.parseAsync(words.slice(1), { from: 'user' });
      expect(ran).toEqual([example]);
    }
  }
});

test('markOperands() an id that begins with a dash reaches the command', async () => {
  const seen: unknown[] = [];
  const real = createProgram('1.2.3', async () => undefined, written(), 80);
  real.hook('preAction', (_program, command) => void seen.push(command.processedArgs, { ...command.opts() }));
  const id = '-xY_9-k';
  await real.parseAsync(markOperands(['save', 'Friends', id, '--force']), { from: 'user' });
  await real.parseAsync(markOperands(['send', '-Gr1d', '--reply', id, 'hello', '--', '-lol']), { from: 'user' });
  expect(seen).toEqual([
    ['Friends', id, undefined],
    { force: true },
    ['-Gr1d', ['hello', '-lol']],
    { reply: id, wait: true, timeout: 30 },
  ]);
  const [long] = markOperands(['--aB3_xyz1234567890abc']);
  expect(long).not.toBe('--aB3_xyz1234567890abc');
});

test('markOperands() leaves options alone', () => {
  const argv = ['--store', 'x', '--json', '--no-receipts', '--new-passphrase-file', 'y', '-', '-V', '--', '-abcd'];
  expect(markOperands(argv)).toEqual(argv);
});

test('package.json names the launcher, which may be run', async () => {
  const root = join(import.meta.dirname, '../../..');
  expect(packageJson.bin.cliquet).toBe('client/cli/cliquet.mjs');
  await access(join(root, packageJson.bin.cliquet), constants.X_OK);
});
