import { createHash } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recoveryPhrase, seedFromPhrase } from '../../../client/crypto/recovery-phrase.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

const { cases } = readVectors<{ cases: { entropy: string; words: string }[] }>('bip39');
const first = cases[0]?.words ?? '';
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));

/** What is said of a phrase that is refused. */
async function refusalOf(phrase: string): Promise<string> {
  try {
    await seedFromPhrase(phrase);
  } catch (error) {
    if (error instanceof CliquetError && error.code === 'phrase-invalid') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('recoveryPhrase()', () => {
  test.each(cases)('gives the published words of $entropy', async ({ entropy, words }) => {
    expect(await recoveryPhrase(fromHex(entropy))).toBe(words);
  });

  test('always gives 24 words that lead back to the seed', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const phrase = await recoveryPhrase(seed);
        expect(phrase.split(' ')).toHaveLength(24);
        expect(await seedFromPhrase(phrase)).toEqual(seed);
      }),
      { seed: 20_261_123 },
    );
  });

  test.each([0, 16, 31, 33, 64])('refuses a seed of %i bytes', async (length) => {
    await expect(recoveryPhrase(new Uint8Array(length))).rejects.toThrow(RangeError);
  });
});

describe('the list of words', () => {
  test('is the published one', () => {
    // english.txt of BIP-39, every word followed by a line feed.
    const digest = createHash('sha256')
      .update(`${wordlist.join('\n')}\n`)
      .digest('hex');
    expect(digest).toBe('2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda');
  });
});

describe('seedFromPhrase()', () => {
  test.each(cases)('gives the published entropy $entropy', async ({ entropy, words }) => {
    expect(toHex(await seedFromPhrase(words))).toBe(entropy);
  });

  test('does not mind case or white space', async () => {
    const spaces = fc.stringMatching(/^[ \t\n\u00a0\u3000]{1,4}$/);
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.array(spaces, { minLength: 25, maxLength: 25 }),
        fc.boolean(),
        async (seed, between, upper) => {
          const words = (await recoveryPhrase(seed)).split(' ');
          const phrase = between.map((space, i) => space + (words[i] ?? '')).join('');
          expect(await seedFromPhrase(upper ? phrase.toUpperCase() : phrase)).toEqual(seed);
        },
      ),
      { seed: 20_261_123 },
    );
  });

  test('takes letters of full width, as some keyboards give them', async () => {
    const wide = first.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0));
    expect(toHex(await seedFromPhrase(wide))).toBe('00'.repeat(32));
  });

  test.each([
    ['', 0],
    [' \n', 0],
    ['abandon', 1],
    [first.split(' ').slice(1).join(' '), 23],
    [`${first} abandon`, 25],
    [first.split(' ').slice(0, 11).concat('about').join(' '), 12],
  ])('refuses %j: it counts the words', async (phrase, count) => {
    expect(await refusalOf(phrase)).toContain(`24 words expected, ${count} found`);
  });

  test('names the place of a word that is not in the list, and never the word', async () => {
    const words = first.split(' ');
    words[6] = 'abandom';
    words[9] = 'xyzzy';
    expect(await refusalOf(words.join(' '))).toContain('word 7 is not in the list');
    expect(await refusalOf(words.join(' '))).not.toMatch(/abandom|xyzzy/);
  });

  test('refuses another order, and another word of the list, by the checksum', async () => {
    const { words = '' } = cases[4] ?? {};
    const swapped = words.split(' ');
    [swapped[0], swapped[1]] = [swapped[1] ?? '', swapped[0] ?? ''];
    expect(await refusalOf(swapped.join(' '))).toContain('another order');
    expect(await refusalOf(words.replace('hamster', 'hammer'))).toContain('one of the words is another');
  });

  test('refuses a text that is far too long, and lone surrogates, without looking at more', async () => {
    expect(await refusalOf('abandon '.repeat(10_000))).toContain('too long');
    expect(await refusalOf(`\ud800${first}`)).toContain('word 1');
  });
});
