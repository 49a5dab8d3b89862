// Asking a person. The answer comes from the terminal even if standard input is a pipe, so that
// `some-program | cliquet send …` can ask for the passphrase; without a terminal there is no answer.

import { openSync } from 'node:fs';
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { type Safe, text } from './escape.ts';
import { Interrupted } from './failure.ts';
import type { Terminal } from './terminal.ts';

export class Prompt {
  readonly #terminal: Terminal;
  #lines: AsyncIterator<string> | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Whether standard input is a person at a terminal. */
  get isTyped(): boolean {
    return process.stdin.isTTY === true;
  }

  /**
   * Asks for one line at the terminal.
   * @param options  hidden: what is typed is not shown
   * @returns null if the person ends the input without an answer, undefined if there is no terminal
   * @throws Interrupted for Ctrl-C
   */
  async ask(question: Safe, { hidden = false } = {}): Promise<string | null | undefined> {
    const input = openTerminal();
    if (input === null) return undefined;
    // First of all the keys are the question's: what is typed as soon as it stands there counts.
    const reader = createInterface({
      input,
      output: hidden ? nowhere() : this.#terminal.typed,
      terminal: true,
      historySize: 0,
      prompt: hidden ? '' : this.#terminal.shown(question),
    });
    try {
      this.#terminal.ask(question);
      reader.prompt();
      return await firstLine(reader);
    } finally {
      reader.close();
      if (hidden) this.#terminal.ask(text`\n`);
      if (input !== process.stdin) input.destroy();
    }
  }

  /** The next line of standard input that is not a terminal, or null at its end. */
  async readLine(): Promise<string | null> {
    this.#lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const { done, value } = await this.#lines.next();
    return done ? null : value;
  }

  /** The lines that come on standard input; a person edits each below what is printed meanwhile. */
  async *lines(prompt: Safe): AsyncGenerator<string> {
    const { typed } = this.#terminal;
    const isTyped = this.isTyped && this.#terminal.isInteractive;
    const reader = createInterface({
      input: process.stdin,
      ...(isTyped ? { output: typed, terminal: true, prompt: this.#terminal.shown(prompt) } : {}),
    });
    if (isTyped) this.#edit(reader, typed);
    try {
      const interrupted = new Promise<never>((_, reject) => reader.once('SIGINT', () => reject(new Interrupted())));
      interrupted.catch(() => undefined);
      const lines = reader[Symbol.asyncIterator]();
      if (isTyped) reader.prompt();
      for (;;) {
        const { done, value } = await Promise.race([lines.next(), interrupted]);
        if (done) return;
        yield value;
        if (isTyped) reader.prompt();
      }
    } finally {
      this.#terminal.edited = null;
      reader.close();
      if (isTyped) this.#terminal.ask(text`\n`);
    }
  }

  /** Lets the line that is being typed make room for what is printed. */
  #edit(reader: Interface, typed: NodeJS.WritableStream): void {
    this.#terminal.edited = {
      hide: () => {
        const { rows } = reader.getCursorPos();
        moveCursor(typed, 0, -rows);
        cursorTo(typed, 0);
        clearScreenDown(typed);
      },
      show: () => reader.prompt(true),
    };
  }
}

function firstLine(reader: Interface): Promise<string | null> {
  return new Promise((resolve, reject) => {
    reader.once('line', resolve);
    reader.once('close', () => resolve(null));
    reader.once('SIGINT', () => reject(new Interrupted()));
  });
}

/** The terminal that the person sits at, if there is one. */
function openTerminal(): ReadStream | null {
  // Whoever has typed a text to its end with Ctrl-D is still there.
  if (process.stdin.isTTY && !process.stdin.readableEnded) return process.stdin;
  if (process.platform === 'win32') return null;
  try {
    return new ReadStream(openSync('/dev/tty', 'r+'));
  } catch {
    return null;
  }
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
