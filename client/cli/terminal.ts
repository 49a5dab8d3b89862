// The only way to the screen: everything that the command says goes through here, and it takes nothing but `Safe` text
// and JSON. Answers go to standard output; questions, progress and errors to standard error, so that pipes stay clean.

import { stripVTControlCharacters } from 'node:util';
import { escapedJson, type Safe, text } from './escape.ts';
import { Failure } from './failure.ts';

/** A standard stream, as far as it is used here. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A line that a person is typing: out of the way while something is printed. */
export interface EditedLine {
  hide(): void;
  show(): void;
}

/** Whoever read the output has closed it, as `head` does: there is nothing left to do. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

const defaultColumns = 80;

export class Terminal {
  /** The line that a person is typing, if there is one. */
  edited: EditedLine | null = null;
  readonly #out: Output;
  readonly #err: Output;
  readonly #colourOut: boolean;
  readonly #colourErr: boolean;
  /** What stands on the line of progress, or null. */
  #progress: string | null = null;

  constructor(
    out: Output = process.stdout,
    err: Output = process.stderr,
    env: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.#out = out;
    this.#err = err;
    const colour = !env.NO_COLOR && env.TERM !== 'dumb';
    this.#colourOut = colour && out.isTTY === true;
    this.#colourErr = colour && err.isTTY === true;
    // An error without a listener would end the process; who writes is told by the callback.
    for (const stream of [out, err]) stream.on('error', () => undefined);
  }

  /** Whether a person sees the answers. */
  get isScreen(): boolean {
    return this.#out.isTTY === true;
  }

  /** Whether a person sees questions and progress. */
  get isInteractive(): boolean {
    return this.#err.isTTY === true;
  }

  get hasColour(): boolean {
    return this.#colourOut;
  }

  get columns(): number {
    return widthOf(this.#out);
  }

  /** A line of the answer. @throws OutputClosed if nobody reads it any more */
  async print(line: Safe): Promise<void> {
    await this.#write(this.#out, this.#colourOut, line);
  }

  /** A line of the answer, for programs. @throws OutputClosed */
  async printJson(value: unknown): Promise<void> {
    await this.#write(this.#out, false, escapedJson(value));
  }

  /** A line beside the answer. */
  async note(line: Safe): Promise<void> {
    // Nobody is left to be told if this fails.
    await this.#write(this.#err, this.#colourErr, line).catch(() => undefined);
  }

  /** What is going on now, on a line that the next thing said takes away; nothing in a pipe. */
  progress(line: Safe): void {
    if (!this.isInteractive || this.edited !== null) return;
    const shown = Array.from(stripVTControlCharacters(String(line)))
      .slice(0, widthOf(this.#err) - 1)
      .join('');
    if (shown === this.#progress) return;
    this.#clearProgress();
    this.#err.write(this.#colourErr ? `\x1b[2m${shown}\x1b[0m` : shown);
    this.#progress = shown;
  }

  /** Takes the progress away. */
  clear(): void {
    this.#clearProgress();
  }

  /** The beginning of a line on which a person answers. */
  ask(question: Safe): void {
    this.#clearProgress();
    this.#err.write(plainUnless(this.#colourErr, question));
  }

  /** A question as a line editor shows it, with colours if this terminal has them. */
  shown(question: Safe): string {
    return plainUnless(this.#colourErr, question);
  }

  /** Where a line editor shows what the person types, and nothing else. */
  get typed(): NodeJS.WritableStream {
    return this.#err;
  }

  async #write(stream: Output, colour: boolean, line: Safe | string): Promise<void> {
    this.#clearProgress();
    this.edited?.hide();
    await new Promise<void>((resolve, reject) => {
      stream.write(`${plainUnless(colour, line)}\n`, (error) => (error ? reject(asClosed(error)) : resolve()));
    });
    this.edited?.show();
  }

  #clearProgress(): void {
    if (this.#progress === null) return;
    this.#progress = null;
    this.#err.write('\r\x1b[2K');
  }
}

const plainUnless = (colour: boolean, line: Safe | string) =>
  colour ? String(line) : stripVTControlCharacters(String(line));

/** Some terminals say that they have no columns at all. */
const widthOf = ({ columns }: Output) => columns || defaultColumns;

/** The reader has gone, or the output is a file and its disk is full. */
function asClosed(error: Error & { code?: string }): Error {
  const closed = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'EOF';
  if (closed) return new OutputClosed('the output is closed', { cause: error });
  return new Failure(
    text`The output cannot be written (${error.code ?? error.name}); see to free space, and do it again.`,
  );
}

/** How far something is, for `progress()`. */
export const percent = (fraction: number): Safe => text`${Math.floor(Math.min(1, fraction) * 100)} %`;
