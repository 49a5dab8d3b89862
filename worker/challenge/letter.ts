// The letter with the code, in words: short, in the language of the person's client, as plain text, HTML, or a text message.
// Its last line binds the code to the relay's web client, so that phones offer to fill it in there and nowhere else
// (https://wicg.github.io/sms-one-time-codes/).

import { html } from 'hono/html';
import type { Language, Message } from './channel.ts';

export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface Words {
  subject(host: string): string;
  /** What the code is for. The code stands first, where notifications show it. */
  purpose(host: string): string;
  advice(minutes: number): string;
  readonly unasked: string;
  /** Of letters of the GSM 7-bit alphabet only: a single other one halves what fits into a text message. */
  text(code: string, host: string, minutes: number): string;
}

const plural = (count: number) => (count === 1 ? '' : 's');

const words: Record<Language, Words> = {
  en: {
    subject: (host) => `Your code for ${host}`,
    purpose: (host) => `is your code to register with ${host}.`,
    advice: (minutes) =>
      `It is valid for ${minutes} minute${plural(minutes)}. Enter it only where you asked for it, and share it with nobody: whoever has it can register under your address.`,
    unasked: 'If you did not ask for it, ignore this message.',
    text: (code, host, minutes) =>
      `${code} is your code for ${host}. It is valid for ${minutes} minute${plural(minutes)}. Share it with nobody.`,
  },
  fr: {
    subject: (host) => `Votre code pour ${host}`,
    purpose: (host) => `est votre code pour vous inscrire auprès de ${host}.`,
    advice: (minutes) =>
      `Il est valable ${minutes} minute${plural(minutes)}. Ne le saisissez que là où vous l’avez demandé et ne le donnez à personne : qui le possède peut s’inscrire sous votre adresse.`,
    unasked: 'Si vous ne l’avez pas demandé, ignorez ce message.',
    text: (code, host, minutes) =>
      `${code} est votre code pour ${host}. Il est valable ${minutes} minute${plural(minutes)}. Ne le donnez à personne.`,
  },
};

/** The language of letters that fits a BCP 47 tag best; English where none does. */
export function languageOf(tag: string | undefined): Language {
  const [primary = ''] = (tag ?? '').toLowerCase().split('-');
  return Object.hasOwn(words, primary) ? (primary as Language) : 'en';
}

export async function writeEmail(message: Message): Promise<Email> {
  const { code, language, minutes } = message;
  const { subject, purpose, advice, unasked } = words[language];
  const host = hostOf(message);
  const last = boundCode(message);
  const title = subject(host);
  const lines = [`${code} ${purpose(host)}`, `${advice(minutes)} ${unasked}`, last].filter((line) => line !== null);
  const body = html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><title>${title}</title></head>
<body style="font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem">
<p><strong style="font-size: 2rem; letter-spacing: .12em">${code}</strong><br>${purpose(host)}</p>
<p>${advice(minutes)} ${unasked}</p>
${last === null ? '' : html`<p style="opacity: .6">${last}</p>`}
</body>
</html>
`;
  return { subject: title, text: `${lines.join('\n\n')}\n`, html: String(await body) };
}

export function writeText(message: Message): string {
  const { code, language, minutes } = message;
  const text = words[language].text(code, hostOf(message), minutes);
  const last = boundCode(message);
  return last === null ? text : `${text}\n\n${last}`;
}

const hostOf = ({ host }: Message) => host ?? 'Cliquet';

const boundCode = ({ host, code }: Message) => (host === null ? null : `@${host} #${code}`);
