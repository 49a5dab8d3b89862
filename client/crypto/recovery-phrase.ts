// A seed as words that a person can write down (BIP-39, English): 256 bits and a checksum of 8 make 24 words. The seed
// is the entropy itself; BIP-39's own derivation of a wallet from the words is not used. The list of words is loaded when
// it is wanted: most who open a page never do.

import type { Bytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { loaded } from '../wire/loaded.ts';

const wordCount = 24;
/** 24 words of at most 8 letters, and room for careless spaces. */
const maxPhraseLength = 1024;

async function loadWords() {
  const [{ entropyToMnemonic, mnemonicToEntropy }, { wordlist }] = await loaded(
    Promise.all([import('@scure/bip39'), import('@scure/bip39/wordlists/english.js')]),
  );
  return { entropyToMnemonic, mnemonicToEntropy, wordlist };
}

/** @param seed  32 bytes @throws CliquetError `not-loaded` */
export async function recoveryPhrase(seed: Bytes): Promise<string> {
  if (seed.length !== 32) throw new RangeError(`"seed" expected 32 bytes, got ${seed.length}`);
  const { entropyToMnemonic, wordlist } = await loadWords();
  return entropyToMnemonic(seed, wordlist);
}

/**
 * @param phrase  24 words; case, and how much white space stands around them, do not matter
 * @returns the seed, 32 bytes
 * @throws CliquetError `phrase-invalid`, `not-loaded`
 */
export async function seedFromPhrase(phrase: string): Promise<Bytes> {
  if (phrase.length > maxPhraseLength) throw new CliquetError('phrase-invalid', 'the text is too long');
  const words = phrase.normalize('NFKD').toLowerCase().trim().split(/\s+/u);
  if (words.length !== wordCount || words[0] === '') {
    const found = words[0] === '' ? 0 : words.length;
    throw new CliquetError('phrase-invalid', `${wordCount} words expected, ${found} found`);
  }
  const { mnemonicToEntropy, wordlist } = await loadWords();
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) throw new CliquetError('phrase-invalid', `word ${unknown + 1} is not in the list`);
  try {
    return mnemonicToEntropy(words.join(' '), wordlist) as Bytes;
  } catch {
    throw new CliquetError('phrase-invalid', 'one of the words is another, or they stand in another order');
  }
}
