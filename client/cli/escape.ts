// What may reach a terminal. A value that came from a person, a file or the network passes `visible()` first, so that no
// message, name or invite can move the cursor, recolour the screen, turn the writing direction or fake a line.
//
// `Safe` makes forgetting hard: the terminal takes nothing else, and only the tag `text` and what stands below it make
// one. In text`Hello ${name}` the fixed part is the program's own and the rest is escaped.

/** Invisible, or able to change how what stands around it looks: controls, bidi, zero width, tags, half surrogates. */
const hidden = '[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]';

/** Scripts whose words are misspelt without joiners and non-joiners between their letters. */
const joining = `[${[
  'Arabic',
  'Bengali',
  'Devanagari',
  'Gujarati',
  'Gurmukhi',
  'Kannada',
  'Malayalam',
  'Oriya',
  'Sinhala',
  'Tamil',
  'Telugu',
]
  .map((script) => `\\p{Script=${script}}`)
  .join('')}]`;

/** Joiners and selectors where writing needs them: within an emoji, and between letters of those scripts. */
const harmless = [
  '(?<=\\p{Extended_Pictographic})[\\ufe0e\\ufe0f]',
  '(?<=[0-9#*])\\ufe0f(?=\\u20e3)',
  '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})',
  `(?<=${joining})[\\u200c\\u200d](?=${joining})`,
].join('|');

const inText = new RegExp(`(?<newline>\\r\\n|\\n)|(?<tab>\\t)|(?<harmless>${harmless})|${hidden}`, 'gu');
const inJson = new RegExp(hidden, 'gu');

/** One line of text, with everything hidden made visible: \u{1b}. A line break becomes ⏎, a tab ⇥. */
export function visible(value: string): string {
  return value.replace(inText, (found, ...rest) => {
    const groups: Record<string, string | undefined> = rest.at(-1);
    if (groups.newline !== undefined) return '⏎';
    if (groups.tab !== undefined) return '⇥';
    return groups.harmless ?? `\\u{${found.codePointAt(0)?.toString(16)}}`;
  });
}

/** One line of JSON that says the same to a parser, and nothing to a terminal. Bytes become base64. */
export function escapedJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part,
  );
  const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
  return json.replace(inJson, (found) =>
    Array.from({ length: found.length }, (_, i) => unit(found.charCodeAt(i))).join(''),
  );
}

/** What stands in a template: foreign values as strings, and what is fit for the terminal already. */
export type Printable = Safe | string | number;

/** Text that is fit for a terminal. */
export class Safe {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static text(this: void, fixed: TemplateStringsArray, ...values: readonly Printable[]): Safe {
    return new Safe(fixed.reduce((all, part, i) => `${all}${Safe.#show(values[i - 1] ?? '')}${part}`));
  }

  /** Several lines of which each is escaped by itself. */
  static lines(this: void, value: string): Safe {
    return Safe.join(value.split('\n'), '\n');
  }

  static join(this: void, parts: readonly Printable[], separator: '\n' | ' ' | ', ' | '  ' = '\n'): Safe {
    return new Safe(parts.map(Safe.#show).join(separator));
  }

  /** In a colour or weight, which a terminal without colours leaves out. */
  static style(this: void, code: number | string): (value: Printable) => Safe {
    return (value) => new Safe(`\x1b[${code}m${Safe.#show(value)}\x1b[0m`);
  }

  static #show(this: void, value: Printable): string {
    return value instanceof Safe ? value.#text : visible(String(value));
  }

  toString(): string {
    return this.#text;
  }
}

export const { text, lines, join } = Safe;
export const bold: (value: Printable) => Safe = Safe.style(1);
export const dim: (value: Printable) => Safe = Safe.style(2);
export const red: (value: Printable) => Safe = Safe.style(31);
export const green: (value: Printable) => Safe = Safe.style(32);
export const yellow: (value: Printable) => Safe = Safe.style(33);
export const cyan: (value: Printable) => Safe = Safe.style(36);

/** What a person must not overlook. */
export const warning = (line: Safe): Safe => text`${bold(red('Warning:'))} ${line}`;
