import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { bold, text } from '../../../client/cli/escape.ts';
import { type Output, OutputClosed, Terminal } from '../../../client/cli/terminal.ts';

class Screen extends Writable {
  seen = '';
  readonly isTTY: boolean;
  readonly columns = 20;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.seen += chunk;
    done();
  }
}

function terminal(isTTY: boolean, env: Record<string, string> = {}) {
  const [out, err] = [new Screen(isTTY), new Screen(isTTY)];
  return { out, err, terminal: new Terminal(out, err, env) };
}

test('print() colours for a screen, unless NO_COLOR is set or the terminal is dumb', async () => {
  const line = text`${bold('Hi')} ${'\x1b[31m'}`;
  const shown = async (isTTY: boolean, env = {}) => {
    const { out, terminal: on } = terminal(isTTY, env);
    await on.print(line);
    return out.seen;
  };
  expect(await shown(true)).toBe('\x1b[1mHi\x1b[0m \\u{1b}[31m\n');
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) expect(await shown(true, env)).toBe('Hi \\u{1b}[31m\n');
  expect(await shown(false)).toBe('Hi \\u{1b}[31m\n');
});

test('printJson() is one line, the same on a screen and in a pipe', async () => {
  for (const isTTY of [true, false]) {
    const { out, terminal: on } = terminal(isTTY);
    await on.printJson({ text: 'a\n\x1b\u202e' });
    expect(out.seen).toBe('{"text":"a\\n\\u001b\\u202e"}\n');
  }
});

test('progress() stays on its line, goes when something is said, and is silent in a pipe', async () => {
  const { out, err, terminal: on } = terminal(true);
  on.progress(text`${'x'.repeat(50)}`);
  on.progress(text`half`);
  on.progress(text`half`); // the same again is not drawn again
  await on.print(text`done`);
  expect(err.seen).toBe(`\x1b[2m${'x'.repeat(19)}\x1b[0m\r\x1b[2K\x1b[2mhalf\x1b[0m\r\x1b[2K`);
  expect(out.seen).toBe('done\n');

  const pipe = terminal(false);
  pipe.terminal.progress(text`half`);
  await pipe.terminal.note(text`done`);
  expect(pipe.err.seen).toBe('done\n');
});

test('progress() leaves no half character at the edge, and some terminals have no columns', () => {
  const { err, terminal: on } = terminal(true);
  on.progress(text`${'😀'.repeat(50)}`);
  expect(err.seen.isWellFormed()).toBe(true);
  Object.defineProperty(err, 'columns', { value: 0 });
  on.progress(text`${'x'.repeat(50)}`);
  expect(err.seen).toContain('x'.repeat(50));
  expect(new Terminal(Object.assign(new Screen(true), { columns: 0 })).columns).toBe(80);
});

test('shown() has no colour that the terminal has not', () => {
  expect(terminal(true).terminal.shown(bold('> '))).toBe('\x1b[1m> \x1b[0m');
  expect(terminal(true, { NO_COLOR: '1' }).terminal.shown(bold('> '))).toBe('> ');
});

test('print() tells of a disk that is full', async () => {
  const full: Output = Object.assign(
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
    }),
    { isTTY: false },
  );
  await expect(new Terminal(full, full, {}).print(text`x`)).rejects.toThrow('The output cannot be written (ENOSPC)');
});

test('print() makes room for the line that a person is typing', async () => {
  const { out, terminal: on } = terminal(true);
  const order: string[] = [];
  on.edited = { hide: () => order.push(`hidden ${out.seen}`), show: () => order.push(`shown ${out.seen}`) };
  await on.print(text`news`);
  expect(order).toEqual(['hidden ', 'shown news\n']);
});

test('print() OutputClosed when nobody reads any more; note() does not mind', async () => {
  const closed: Output = Object.assign(
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    }),
    { isTTY: false },
  );
  await expect(new Terminal(closed, closed, {}).print(text`x`)).rejects.toBeInstanceOf(OutputClosed);
  await new Terminal(closed, closed, {}).note(text`x`);
});

test('client/cli nothing but terminal.ts writes to the screen', async () => {
  const folder = join(import.meta.dirname, '../../../client/cli');
  const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(ts|mjs)$/.test(name));
  expect(files.length).toBeGreaterThan(25);
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8');
    if (file === 'terminal.ts') continue;
    // Node's version is all that the sentence of the launcher says of anything; then nothing else is loaded.
    const source =
      file === 'cliquet.mjs'
        ? text.replace(/console\.error\(`cliquet: Node \$\{process\.versions\.node\}[^`$]*`\);/, '')
        : text;
    expect(source, file).not.toMatch(
      /process\s*(\??\.|\[)\s*['"]?(stdout|stderr)|\bconsole\b|node:process|node:console/,
    );
    // What a line editor shows is what the person types.
    if (file !== 'prompt.ts') expect(source, file).not.toMatch(/\.typed\b/);
    // Text for the screen is made by the tag; these would go around it.
    if (file !== 'escape.ts') expect(source, file).not.toMatch(/new Safe\b|as Safe\b|as unknown|stdio: \[.*[12]/);
    if (file !== 'cliquet.mjs') expect(source, file).not.toMatch(/'inherit'|child_process/);
  }
});
