import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { ConfigurationError, readSettings } from '../../worker/settings.ts';

const secret = encodeBase64Url(new Uint8Array(32).fill(7));
const production = { ENVIRONMENT: 'production', PEPPER: secret, FILTER_KEY: secret, TICKET_KEY: secret };

describe('readSettings()', () => {
  test('needs no secret in development only', () => {
    const { secrets, development } = readSettings({ ENVIRONMENT: 'development' });
    expect(development).toBe(true);
    expect(new Set(Object.values(secrets).map(encodeBase64Url)).size).toBe(3);
    for (const each of Object.values(secrets)) expect(each).toHaveLength(32);
  });

  test('reads a deployment, strict unless it says otherwise', () => {
    expect(readSettings(production)).toMatchObject({
      development: false,
      requests: { burst: 60, perSecond: 1 },
      challenge: { lifetimeMs: 600_000, resendMs: 30_000, limitSends: true },
      origins: [],
    });
    const changed = readSettings({
      ...production,
      REQUEST_BURST: '5',
      ALLOWED_ORIGINS: 'https://a.test, https://b.test',
    });
    expect(changed).toMatchObject({ requests: { burst: 5 }, origins: ['https://a.test', 'https://b.test'] });
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

  test('refuses an environment that it does not know, and numbers that are none', () => {
    expect(() => readSettings({})).toThrow(ConfigurationError);
    expect(() => readSettings({ ENVIRONMENT: 'staging' })).toThrow(ConfigurationError);
    expect(() => readSettings({ ...production, REQUEST_BURST: 'many' })).toThrow('REQUEST_BURST must be a number.');
  });
});
