import { describe, expect, test } from 'vitest';
import { en } from '../../../client/web/messages/en.ts';
import { fr } from '../../../client/web/messages/fr.ts';
import { isolate, plainName } from '../../../client/web/messages/isolate.ts';
import { suggestedName, toInviteLink } from '../../../client/web/model/invite-link.ts';

const ada = { name: 'Ada', isYou: false };
/** What ends an isolate or turns around what follows it, breaks the line, or cannot be seen. */
const tricks = [
  ...['\u2069', '\u202e', '\u200e', '\u200f', '\u061c', '\u202a', '\u2066'],
  ...['\n', '\r', '\0', '\u0085', '\u2028', '\u2029', '\u001c'],
  ...['\u200b', '\u2060', '\ufeff', '\u00ad', '\u034f', '\u3164', '\u115f', '\u2800', '\u{e0001}'],
];

describe('plainName()', () => {
  test('leaves nothing in it that cannot be seen or turns text around', () => {
    for (const trick of tricks) {
      expect(plainName(`B${trick}ob${trick}`)).toMatch(/^B ?ob$/);
      expect(plainName(trick.repeat(3))).toBe('');
    }
  });

  test('is nothing if nothing of it can be seen', () => {
    for (const name of ['', ' ', '\u00a0\u3000', '\u200d\ufe0f', '\u200c']) expect(plainName(name)).toBe('');
  });

  test('leaves names of all kinds as they are', () => {
    for (const name of ['Ada', 'Zoë', 'Дмитрий', 'علی‌رضا', 'שָׁלוֹם', '👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '❤️', '山田 太郎', "O'Brien-Smith 2"])
      expect(plainName(name)).toBe(name);
  });

  test('has one space where there are many', () => {
    expect(plainName(' Ada \u00a0\u3000  Lovelace ')).toBe('Ada Lovelace');
  });
});

describe('a name in a sentence', () => {
  test('stays in its isolate', () => {
    for (const trick of tricks) expect(isolate(`Bo${trick}b`)).toMatch(/^\u2068Bo ?b\u2069$/);
  });

  test('of a group does not go on as the sentence', () => {
    const name = 'Trip”. Bob left. “» Bob left « \u2069\u202e';
    for (const { renamed } of [en.story, fr.story]) {
      expect(renamed(ada, name).match(/[“”«»]/g)).toHaveLength(2);
      expect(renamed(ada, name)).not.toContain('\u202e');
    }
  });
});

test('suggestedName() is a name as it can be shown', () => {
  const link = toInviteLink('https://relay.example', 'cliquet:AAAA', 'Bo\u202eb\u200b\n ');
  expect(suggestedName(link)).toBe('Bob');
  expect(suggestedName(toInviteLink('https://relay.example', 'cliquet:AAAA', '\u3164'))).toBe('');
  expect(suggestedName(toInviteLink('https://relay.example', 'cliquet:AAAA', 'x'.repeat(500)))).toHaveLength(64);
});
