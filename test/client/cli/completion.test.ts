import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completionScript, type Shell, shells } from '../../../client/cli/completion.ts';
import { createProgram } from '../../../client/cli/program.ts';

const program = createProgram('1.2.3', async () => undefined, { out: '', err: '' }, 80);
const script = (shell: Shell) => completionScript(shell, program);
const isThere = (shell: Shell) => spawnSync(shell, ['--version']).status === 0;

/** What bash offers for the last of these words. */
function offers(...words: string[]): string[] {
  const quoted = ['cliquet', ...words].map((word) => `'${word}'`).join(' ');
  const driver = `${script('bash')}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _cliquet; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', driver], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter(Boolean);
}

test('completionScript() bash parses it', () => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: script('bash'), encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('completionScript() bash completes commands, options, choices and files', () => {
  expect(offers('se')).toEqual(['send']);
  expect(offers('group', '')).toEqual(expect.arrayContaining(['create', 'accept', '--help', '--store']));
  expect(offers('group', 'cre')).toEqual(['create']);
  expect(offers('group', 're')).toEqual(['remove', 'rename', 'readmit']);
  expect(offers('group', 'leave', 'x', '--y')).toEqual(['--yes']);
  expect(offers('group', 'readmit', 'x', '--y')).toEqual(['--yes']);
  expect(offers('group', 'create', 'x', '--h')).toEqual(['--history', '--help']);
  expect(offers('send', 'list', '--re')).toEqual(['--reply', '--receipt']);
  expect(offers('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(offers('send', 'x', '--file', 'completion.t')).toEqual(['completion.test.ts']);
  expect(offers('--store', 'completion.t')).toEqual(['completion.test.ts']);
  expect(offers('restore', 'completion.t')).toEqual(['completion.test.ts']);
  expect(offers('history', '--from', '')).toEqual([]);
  expect(offers('send', 'x', 'completion.t')).toEqual([]);
});

test.each(shells)('completionScript() %s knows every command and option', (shell) => {
  const written = script(shell);
  for (const word of [
    'register',
    'unregister',
    'accept',
    'promote',
    'completion',
    'reply',
    'new-passphrase-file',
    'phrase',
  ]) {
    expect(written).toContain(word);
  }
  expect(written).not.toMatch(/undefined|\[object|\n\s*\n\s*\n/);
});

test.runIf(isThere('zsh'))('completionScript() zsh parses it', () => {
  const { status, stderr } = spawnSync('zsh', ['-n'], { input: script('zsh'), encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test.runIf(isThere('fish'))('completionScript() fish completes commands, options, choices and files', () => {
  const offers = (line: string) => {
    const { stdout } = spawnSync('fish', ['-c', `${script('fish')}\ncomplete -C '${line}'`], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    return stdout
      .split('\n')
      .map((offer) => offer.split('\t')[0])
      .filter(Boolean);
  };
  expect(offers('cliquet se')).toEqual(['send']);
  expect(offers('cliquet group cre')).toEqual(['create']);
  expect(offers('cliquet send list --re').toSorted()).toEqual(['--receipt', '--reply']);
  expect(offers('cliquet completion ').toSorted()).toEqual(['bash', 'fish', 'zsh']);
  expect(offers('cliquet restore completion.t')).toEqual(['completion.test.ts']);
  expect(offers('cliquet history --from ')).toEqual([]);
});
