import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { ConfigurationError, readSettings } from '../../worker/settings.ts';

const secret = encodeBase64Url(new Uint8Array(32).fill(7));
const channel = { EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' };
const production = { ENVIRONMENT: 'production', PEPPER: secret, FILTER_KEY: secret, TICKET_KEY: secret, ...channel };

describe('readSettings()', () => {
  test('needs no secret in development only', () => {
    const { secrets, filterKeys, development } = readSettings({ ENVIRONMENT: 'development' });
    expect(development).toBe(true);
    const all = [secrets.pepper, ...secrets.ticketKeys, ...filterKeys.map(({ key }) => key)];
    expect(new Set(all.map(encodeBase64Url)).size).toBe(3);
    for (const each of all) expect(each).toHaveLength(32);
  });

  test('reads a deployment, strict unless it says otherwise', () => {
    expect(readSettings(production)).toMatchObject({
      development: false,
      requests: { burst: 60, perSecond: 1 },
      challenge: { lifetimeMs: 600_000, resendMs: 30_000, limitSends: true },
      origins: [],
      filterKeys: [{ generation: 1 }],
      hosts: null,
    });
    const changed = readSettings({
      ...production,
      REQUEST_BURST: '5',
      ALLOWED_ORIGINS: 'https://a.test, https://b.test',
    });
    expect(changed).toMatchObject({ requests: { burst: 5 }, origins: ['https://a.test', 'https://b.test'] });
  });

  test('answers to its own names: those of this machine in development, any in a deployment that names none', () => {
    const hosts = (more: object) => readSettings(more).hosts;
    expect(hosts({ ENVIRONMENT: 'development' })).toEqual(['localhost', '127.0.0.1', '[::1]']);
    for (const base of [production, { ENVIRONMENT: 'development' }]) {
      expect(hosts({ ...base, HOSTS: 'Relay.example.org, b.test:8443' })).toEqual(['relay.example.org', 'b.test:8443']);
    }
    expect(() => hosts({ ...production, HOSTS: ' , ' })).toThrow('HOSTS must name at least one host');
  });

  test.each(['PEPPER', 'FILTER_KEY', 'TICKET_KEY'])(
    'refuses a deployment without %s, naming it and no value',
    (name) => {
      for (const wrong of [undefined, '', 'c2hvcnQ', `${secret}!`]) {
        const read = () => readSettings({ ...production, [name]: wrong });
        expect(read).toThrow(ConfigurationError);
        expect(read).toThrow(new RegExp(`^${name} must be 32 random bytes`));
      }
    },
  );

  const other = new Uint8Array(32).fill(8);
  const rotated = { ...production, FILTER_GENERATION: '2', FILTER_KEY_PREVIOUS: encodeBase64Url(other) };

  test('reads the generations of the filter key, the current one first', () => {
    const key = new Uint8Array(32).fill(7);
    expect(readSettings(rotated).filterKeys).toEqual([
      { generation: 2, key },
      { generation: 1, key: other },
    ]);
    expect(readSettings({ ...production, FILTER_GENERATION: '3' }).filterKeys).toEqual([{ generation: 3, key }]);
  });

  test.each(['0', '-1', '1.5', 'two', ''])('refuses FILTER_GENERATION "%s"', (generation) => {
    expect(() => readSettings({ ...rotated, FILTER_GENERATION: generation })).toThrow(/^FILTER_GENERATION must be/);
  });

  test('refuses a previous filter key that is none', () => {
    for (const wrong of [
      { ...rotated, FILTER_KEY_PREVIOUS: 'c2hvcnQ' },
      { ...rotated, FILTER_KEY_PREVIOUS: secret },
      { ...rotated, FILTER_GENERATION: '1' },
    ]) {
      expect(() => readSettings(wrong)).toThrow(/^FILTER_KEY_PREVIOUS must/);
    }
  });

  test('reads the key of tickets and the one before it, the current one first', () => {
    const key = new Uint8Array(32).fill(7);
    expect(readSettings(production).secrets.ticketKeys).toEqual([key]);
    const both = { ...production, TICKET_KEY_PREVIOUS: encodeBase64Url(other) };
    expect(readSettings(both).secrets.ticketKeys).toEqual([key, other]);
    // Between two `wrangler secret put` they are the same.
    expect(readSettings({ ...production, TICKET_KEY_PREVIOUS: secret }).secrets.ticketKeys).toEqual([key, key]);
    expect(() => readSettings({ ...production, TICKET_KEY_PREVIOUS: 'c2hvcnQ' })).toThrow(/^TICKET_KEY_PREVIOUS must/);
  });

  test('takes staging as seriously as production', () => {
    expect(readSettings({ ...production, ENVIRONMENT: 'staging' })).toEqual(readSettings(production));
    expect(() => readSettings({ ENVIRONMENT: 'staging', ...channel })).toThrow(/^PEPPER must be 32 random bytes/);
  });

  test('reads a token for /v1/health and a jurisdiction, if there are', () => {
    expect(readSettings(production)).toMatchObject({ jurisdiction: null, secrets: { healthToken: null } });
    const more = readSettings({ ...production, HEALTH_TOKEN: secret, JURISDICTION: 'eu' });
    expect(more.jurisdiction).toBe('eu');
    expect(more.secrets.healthToken).toHaveLength(32);
    expect(() => readSettings({ ENVIRONMENT: 'development', JURISDICTION: 'eu' })).toThrow(/^JURISDICTION is for/);
    expect(() => readSettings({ ...production, JURISDICTION: 'moon' })).toThrow(/^JURISDICTION must be one of eu, us/);
    expect(() => readSettings({ ...production, HEALTH_TOKEN: 'x' })).toThrow(/^HEALTH_TOKEN must be 32 random bytes/);
  });

  test('limits the codes to one address in every deployment, also without a delay between them', () => {
    const limits = (more: object) => readSettings({ ...more, CHALLENGE_RESEND_SECONDS: '0' }).challenge;
    expect(limits(production)).toMatchObject({ resendMs: 0, limitSends: true });
    expect(limits({ ENVIRONMENT: 'development' })).toMatchObject({ resendMs: 0, limitSends: false });
  });

  test('refuses an environment that it does not know, and numbers that are none', () => {
    expect(() => readSettings({})).toThrow(ConfigurationError);
    expect(() => readSettings({ ENVIRONMENT: 'test' })).toThrow(ConfigurationError);
    for (const wrong of ['many', '-1', '', ' ']) {
      expect(() => readSettings({ ...production, REQUEST_BURST: wrong })).toThrow('REQUEST_BURST must be a number.');
    }
  });
});
