import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { formatMail } from '../../../../worker/challenge/channels/mail.ts';

const from = { name: 'Cliquet', address: 'codes@relay.example.org' };
const at = new Date('2026-11-27T09:05:03Z');
const parse = (mail: string) => PostalMime.parse(new TextEncoder().encode(mail));

/** No control characters: nobody writes some. The end of the text is not kept. */
const texts = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/\p{Cc}/gu, '\n').trimEnd());

describe('formatMail()', () => {
  test('names who sends it, to whom, when, and that no automaton should answer', async () => {
    const mail = formatMail(from, 'somebody@example.org', { subject: 'Hello', text: 'a', html: '<p>a</p>' }, at, 'x-1');
    expect(mail.split('\r\n').slice(0, 8)).toEqual([
      'From: "Cliquet" <codes@relay.example.org>',
      'To: somebody@example.org',
      'Subject: Hello',
      'Message-ID: <x-1@relay.example.org>',
      'Date: Fri, 27 Nov 2026 09:05:03 +0000',
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary="x-1"',
    ]);
  });

  test('keeps every letter, in short lines of ASCII', async () => {
    await fc.assert(
      fc.asyncProperty(texts, texts, async (text, line) => {
        const subject = `Ihr Code für ${line.replaceAll('\n', ' ')} und`;
        const html = `<p>${text}</p>`;
        const name = 'Größe, "alle" und 𝔘nicode in einem langen Namen, der in kein Wort von 75 Zeichen passt';
        const mail = formatMail({ ...from, name }, 'a@example.org', { subject, text, html }, at, crypto.randomUUID());
        expect(mail).toMatch(/^\p{ASCII}*\r\n$/u);
        expect(mail.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        expect(Math.max(...mail.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
        const read = await parse(mail);
        expect(read.subject).toBe(subject);
        expect(read.from).toEqual({ name, address: from.address });
        expect(read.text?.trimEnd()).toBe(text);
        expect(read.html?.trimEnd()).toBe(html);
      }),
    );
  });
});
