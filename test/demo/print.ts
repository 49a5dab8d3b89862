// The demo on the terminal: one line an arrow or a note, with the real values below it.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = (text: string) => paint(1, text);
const faint = (text: string) => paint(2, text);
const columnWidth = 14;

/** The beginning of an id or a key. */
export const short = (text: string): string => `${text.slice(0, 8)}…`;

export function heading(text: string): void {
  console.log(`\n${bold(text)}\n`);
}

/** from → to: what travels. */
export function arrow(from: string, to: string, what: string, values: Readonly<Record<string, string>> = {}): void {
  line(`${from} → ${to}`, what, values);
}

/** What somebody does by itself. */
export function note(who: string, what: string, values: Readonly<Record<string, string>> = {}): void {
  line(who, what, values);
}

function line(who: string, what: string, values: Readonly<Record<string, string>>): void {
  console.log(`  ${paint(36, who.padEnd(columnWidth))}${what}`);
  for (const [name, value] of Object.entries(values))
    console.log(`  ${' '.repeat(columnWidth)}${faint(`${name} = `)}${value}`);
}
