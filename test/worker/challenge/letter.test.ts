import { describe, expect, test } from 'vitest';
import type { Message } from '../../../worker/challenge/channel.ts';
import { languageOf, writeEmail, writeText } from '../../../worker/challenge/letter.ts';

const message: Message = { code: '012345', language: 'en', host: 'relay.example.org', minutes: 10 };
const languages = ['en', 'fr'] as const;

/** GSM 03.38 without its extension: one letter beyond it, and a text message holds 70 instead of 160. */
const gsm = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*$/;

describe('languageOf()', () => {
  test.each([
    ['fr', 'fr'],
    ['fr-CH', 'fr'],
    ['FR_FR'.replace('_', '-'), 'fr'],
    ['en-GB', 'en'],
    ['de', 'en'],
    ['und', 'en'],
    ['', 'en'],
    [undefined, 'en'],
    ['constructor', 'en'],
    ['frr', 'en'],
  ] as const)('of %j is %s', (tag, language) => {
    expect(languageOf(tag)).toBe(language);
  });
});

describe('writeEmail()', () => {
  test.each(languages)(
    'says in %s what the code is for, how long it is valid, and to share it with nobody',
    async (language) => {
      const { subject, text, html } = await writeEmail({ ...message, language });
      expect(subject).toContain('relay.example.org');
      // Subjects stand in logs of mail servers, and on locked screens.
      expect(subject).not.toContain('012345');
      for (const part of [text, html]) {
        expect(part).toContain('relay.example.org');
        expect(part).toContain('10 minutes');
        expect(part).toMatch(/nobody|personne/);
      }
      expect(text).toMatch(/^012345 /);
      expect(html).toContain(`<html lang="${language}">`);
    },
  );

  test.each(languages)('binds the code to the relay in its last line (%s)', async (language) => {
    const { text, html } = await writeEmail({ ...message, language });
    expect(text).toMatch(/\n\n@relay\.example\.org #012345\n$/);
    expect(html).toContain('>@relay.example.org #012345<');
  });

  test('loads nothing and leads nowhere', async () => {
    const { html } = await writeEmail(message);
    expect(html).not.toMatch(/\b(?:href|src|url)\b/i);
  });

  test('escapes whatever a host may be', async () => {
    const { html } = await writeEmail({ ...message, host: '<b>&"' });
    expect(html).not.toContain('<b>');
    expect(html).toContain('&lt;b&gt;&amp;&quot;');
  });

  test('binds the code to nothing where the host is not known', async () => {
    const { subject, text, html } = await writeEmail({ ...message, host: null });
    expect(subject).toContain('Cliquet');
    expect(`${text}${html}`).not.toMatch(/@|null/);
  });
});

describe('writeText()', () => {
  test.each(languages)('fits into one text message, and binds the code in its last line (%s)', (language) => {
    const text = writeText({ ...message, language });
    expect(text).toMatch(/^012345 /);
    expect(text).toMatch(/\n\n@relay\.example\.org #012345$/);
    expect(text).toMatch(gsm);
    expect(text.length).toBeLessThanOrEqual(160);
  });

  test('counts one minute as one', () => {
    expect(writeText({ ...message, minutes: 1 })).toContain('1 minute.');
  });
});
