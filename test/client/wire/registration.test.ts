import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { parseJson } from '../../../client/wire/json.ts';
import {
  DeregistrationSchema,
  RegistrationAnswerSchema,
  RegistrationChallengeSchema,
  RegistrationRequestSchema,
  RegistrationSchema,
  TicketSchema,
} from '../../../client/wire/registration.ts';
import { codeOf } from '../../support/struct.ts';

const key = new Uint8Array(32).fill(3);
const epoch = new Uint8Array(16).fill(4);
const text = encodeBase64Url(key);
const epochText = encodeBase64Url(epoch);
const vault = { pk: text, hashVid: text };

describe('registration documents', () => {
  test('RegistrationRequestSchema takes an address and one to five vaults', () => {
    for (const count of [1, 5]) {
      const request = { uid: 'alice@example.org', vaults: Array(count).fill(vault) };
      expect(parseJson(RegistrationRequestSchema, JSON.stringify(request))).toEqual({
        uid: 'alice@example.org',
        vaults: Array(count).fill({ pk: key, hashVid: key }),
      });
    }
  });

  test('RegistrationRequestSchema takes a language, known or not', () => {
    for (const language of ['fr', 'tlh', '', 'x'.repeat(35)]) {
      const request = { uid: 'alice@example.org', vaults: [vault], language };
      expect(parseJson(RegistrationRequestSchema, JSON.stringify(request))).toMatchObject({ language });
    }
  });

  test.each([
    { uid: 'alice@example.org', vaults: [] },
    { uid: 'alice@example.org', vaults: Array(6).fill(vault) },
    { uid: 'alice@example.org', vaults: [{ pk: text }] },
    { uid: 'alice@example.org', vaults: [{ ...vault, vid: text }] },
    { uid: 'alice@example.org', vaults: [{ ...vault, pk: epochText }] },
    { uid: 'a'.repeat(255), vaults: [vault] },
    { uid: 7, vaults: [vault] },
    { uid: 'alice@example.org', vaults: [vault], admin: true },
    { uid: 'alice@example.org', vaults: [vault], language: 7 },
    { uid: 'alice@example.org', vaults: [vault], language: 'x'.repeat(36) },
    { vaults: [vault] },
  ])('RegistrationRequestSchema refuses %#', (request) => {
    expect(codeOf(() => parseJson(RegistrationRequestSchema, JSON.stringify(request)))).toBe('malformed');
  });

  test('RegistrationAnswerSchema takes exactly a challenge and an answer', () => {
    const parse = (value: object) => parseJson(RegistrationAnswerSchema, JSON.stringify(value));
    expect(parse({ challenge: 'c', answer: '123456' })).toEqual({ challenge: 'c', answer: '123456' });
    for (const wrong of [
      { challenge: 'c' },
      { challenge: 'c', answer: 123_456 },
      { challenge: 'c', answer: 'x'.repeat(33) },
      { challenge: 'c'.repeat(513), answer: '1' },
      { challenge: 'c', answer: '1', uid: 'alice@example.org' },
    ]) {
      expect(codeOf(() => parse(wrong))).toBe('malformed');
    }
  });

  test('answers of the relay may have further fields: a newer relay is understood', () => {
    const challenge = { challenge: 'c', expires: 1_800_000_600, hrids: [text], later: 1 };
    expect(parseJson(RegistrationChallengeSchema, JSON.stringify(challenge))).toEqual({
      challenge: 'c',
      expires: 1_800_000_600,
      hrids: [key],
    });
    expect(parseJson(RegistrationSchema, JSON.stringify({ hrid: text, epoch: epochText, later: 1 }))).toEqual({
      hrid: key,
      epoch,
    });
    expect(parseJson(TicketSchema, JSON.stringify({ ticket: 't', later: 1 }))).toEqual({ ticket: 't' });
  });

  test('DeregistrationSchema takes exactly an epoch', () => {
    const parse = (value: object) => parseJson(DeregistrationSchema, JSON.stringify(value));
    expect(parse({ epoch: epochText })).toEqual({ epoch });
    for (const wrong of [{}, { epoch: text }, { epoch: epochText, hrid: text }]) {
      expect(codeOf(() => parse(wrong))).toBe('malformed');
    }
  });

  test.each([
    [RegistrationChallengeSchema, { challenge: 'c', expires: 'soon', hrids: [text] }],
    [RegistrationChallengeSchema, { challenge: 'c', expires: 1, hrids: [epochText] }],
    [RegistrationSchema, { hrid: text }],
    [RegistrationSchema, { hrid: text, epoch: text }],
    [TicketSchema, { ticket: 't'.repeat(513) }],
  ])('an answer that makes no sense is refused, %#', (schema, value) => {
    expect(codeOf(() => parseJson(schema, JSON.stringify(value)))).toBe('malformed');
  });
});
