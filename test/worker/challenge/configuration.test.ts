import { describe, expect, test } from 'vitest';
import { readDelivery, writeSender } from '../../../worker/challenge/configuration.ts';

const account = `AC${'0f'.repeat(16)}`;
const smtp = {
  EMAIL_CHANNELS: 'smtp',
  MAIL_FROM: 'Cliquet <codes@example.org>',
  SMTP_URL: 'smtp://user@mail.example.org:587',
  SMTP_PASSWORD: 'sesame',
};
const twilio = {
  PHONE_CHANNELS: 'twilio',
  TWILIO_ACCOUNT: account,
  TWILIO_TOKEN: 'sesame',
  TWILIO_FROM: '+15005550006',
  SMS_PREFIXES: '+33, +41',
};

function read(env: object, isDevelopment = false) {
  const problems: string[] = [];
  const delivery = readDelivery(env, isDevelopment, { add: (problem) => problems.push(problem) });
  return { ...delivery, problems };
}

describe('readDelivery()', () => {
  test('reads channels in their order, with what each needs', () => {
    const env = {
      ...smtp,
      ...twilio,
      EMAIL_CHANNELS: 'smtp, resend,postmark,cloudflare',
      RESEND_KEY: 're_1',
      POSTMARK_KEY: 'p1',
      EMAIL: { send: async () => undefined },
    };
    const { channels, texts, problems } = read(env);
    expect(problems).toEqual([]);
    const from = { name: 'Cliquet', address: 'codes@example.org' };
    expect(channels.email).toEqual([
      {
        name: 'smtp',
        from,
        settings: { host: 'mail.example.org', port: 587, tls: 'starttls', user: 'user', keys: ['sesame'] },
      },
      { name: 'resend', from, settings: { url: 'https://api.resend.com', keys: ['re_1'] } },
      { name: 'postmark', from, settings: { url: 'https://api.postmarkapp.com', keys: ['p1'] } },
      { name: 'cloudflare', from, binding: env.EMAIL },
    ]);
    const settings = { url: 'https://api.twilio.com', keys: ['sesame'], account, from: '+15005550006' };
    expect(channels.phone).toEqual([{ name: 'twilio', settings }]);
    expect(texts).toEqual({ prefixes: ['+33', '+41'], perDay: 200, perPrefixAndDay: 100 });
  });

  test('names a channel once, whatever it is told: a text message is counted once for all of them', () => {
    expect(read({ ...twilio, PHONE_CHANNELS: 'twilio, twilio' }).channels.phone).toHaveLength(1);
  });

  test('keeps the previous key beside the new one', () => {
    const keys = (env: object) =>
      read(env).channels.email.flatMap((each) => ('settings' in each ? each.settings.keys : []));
    expect(keys({ ...smtp, SMTP_PASSWORD_PREVIOUS: 'open' })).toEqual(['sesame', 'open']);
    const resend = { EMAIL_CHANNELS: 'resend', MAIL_FROM: 'a@example.org', RESEND_KEY: 'b', RESEND_KEY_PREVIOUS: 'a' };
    expect(keys(resend)).toEqual(['b', 'a']);
  });

  test.each([
    ['smtps://mail.example.org', { host: 'mail.example.org', port: 465, tls: 'always', user: null, keys: [''] }],
    ['smtp://mail.example.org', { host: 'mail.example.org', port: 587, tls: 'starttls', user: null, keys: [''] }],
    ['smtp://a%40b@mail.example.org:2525', { port: 2525, user: 'a@b', keys: ['sesame'] }],
    ['smtp://127.0.0.1:25?tls=none', { host: '127.0.0.1', port: 25, tls: 'none' }],
    ['smtp://[::1]:25?tls=none', { host: '::1', port: 25, tls: 'none' }],
  ])('reads SMTP_URL=%s', (url, settings) => {
    const { channels, problems } = read({ ...smtp, SMTP_URL: url });
    expect(problems).toEqual([]);
    expect(channels.email[0]).toMatchObject({ settings });
  });

  test('is the inbox in development unless something else is said, and costs nothing', () => {
    const { channels, texts, problems } = read({}, true);
    expect(channels).toEqual({ email: [{ name: 'inbox', kind: 'email' }], phone: [{ name: 'inbox', kind: 'phone' }] });
    expect({ texts, problems }).toEqual({ texts: null, problems: [] });
    const mixed = read({ ...smtp, EMAIL_CHANNELS: 'smtp,inbox' }, true);
    expect(mixed.channels.email.map(({ name }) => name)).toEqual(['smtp', 'inbox']);
    expect(mixed.channels.phone.map(({ name }) => name)).toEqual(['inbox']);
  });

  test('sends no text message unless asked to, and to nobody unless a prefix is allowed', () => {
    expect(read(smtp)).toMatchObject({ channels: { phone: [] }, texts: null, problems: [] });
    for (const SMS_PREFIXES of ['', ' , ', undefined]) {
      expect(read({ ...smtp, ...twilio, SMS_PREFIXES })).toMatchObject({ channels: { phone: [] }, problems: [] });
    }
  });

  test.each<[string, object, RegExp]>([
    ['no channel', {}, /^EMAIL_CHANNELS or PHONE_CHANNELS must name/],
    ['nothing but commas', { ...smtp, EMAIL_CHANNELS: ' , ' }, /^EMAIL_CHANNELS or PHONE_CHANNELS must name/],
    ['the inbox', { EMAIL_CHANNELS: 'inbox' }, /^EMAIL_CHANNELS names inbox, .* development only\.$/],
    [
      'an unknown channel',
      { ...smtp, EMAIL_CHANNELS: 'smtp,pigeon' },
      /^EMAIL_CHANNELS must be a list of smtp, resend/,
    ],
    ['a channel of the other kind', { ...twilio, PHONE_CHANNELS: 'smtp' }, /^PHONE_CHANNELS must be a list of twilio/],
    ['no sender', { ...smtp, MAIL_FROM: '' }, /^MAIL_FROM must be the address/],
    ['no sender of two', { ...smtp, MAIL_FROM: '', EMAIL_CHANNELS: 'smtp,resend', RESEND_KEY: 'a' }, /^MAIL_FROM/],
    ['a sender with a line', { ...smtp, MAIL_FROM: 'a\r\nBcc: b <a@example.org>' }, /^MAIL_FROM/],
    ['a sender that is two', { ...smtp, MAIL_FROM: 'a@example.org, b@example.org' }, /^MAIL_FROM/],
    ['no SMTP server', { ...smtp, SMTP_URL: undefined }, /^SMTP_URL must be like smtps:/],
    [
      'a password in the URL',
      { ...smtp, SMTP_URL: 'smtps://user:sesame@mail.example.org' },
      /^SMTP_URL must be like smtps:/,
    ],
    ['a user that is not encoded', { ...smtp, SMTP_URL: 'smtp://50%off@mail.example.org' }, /^SMTP_URL must be like/],
    ['another protocol', { ...smtp, SMTP_URL: 'https://mail.example.org' }, /^SMTP_URL must be like smtps:/],
    ['no TLS', { ...smtp, SMTP_URL: 'smtp://mail.example.org:25?tls=none' }, /^SMTP_URL says tls=none/],
    ['no password', { ...smtp, SMTP_PASSWORD: undefined }, /^SMTP_PASSWORD must be set/],
    [
      'only the previous password',
      { ...smtp, SMTP_PASSWORD: '', SMTP_PASSWORD_PREVIOUS: 'x' },
      /^SMTP_PASSWORD must be/,
    ],
    ['a password of spaces', { ...smtp, SMTP_PASSWORD: '  ' }, /^SMTP_PASSWORD must be set/],
    ['a key with a line', { ...smtp, EMAIL_CHANNELS: 'resend', RESEND_KEY: 'a\nb' }, /^RESEND_KEY must be set/],
    [
      'a plain URL',
      { ...smtp, EMAIL_CHANNELS: 'resend', RESEND_KEY: 'a', RESEND_URL: 'http://example.org' },
      /^RESEND_URL/,
    ],
    ['no binding', { ...smtp, EMAIL_CHANNELS: 'cloudflare' }, /^EMAIL_CHANNELS names cloudflare, .* binding EMAIL/],
    ['no prefixes', { ...twilio, SMS_PREFIXES: '' }, /^SMS_PREFIXES must list/],
    ['a prefix that is none', { ...twilio, SMS_PREFIXES: '+33,41' }, /^SMS_PREFIXES must list/],
    ['every prefix', { ...twilio, SMS_PREFIXES: '+' }, /^SMS_PREFIXES must list/],
    ['a limit that is none', { ...twilio, SMS_PER_DAY: 'many' }, /^SMS_PER_DAY must be a whole number\.$/],
    // As in wrangler.toml without quotes: what was meant must not be passed over.
    ['a limit that is a number', { ...twilio, SMS_PER_DAY: 0 }, /^SMS_PER_DAY must be text, in quotes\.$/],
    ['no account', { ...twilio, TWILIO_ACCOUNT: 'AC../x' }, /^TWILIO_ACCOUNT must be the account's SID/],
    ['no number', { ...twilio, TWILIO_FROM: '' }, /^TWILIO_FROM must be a number of yours/],
    ['a sender of spaces', { ...twilio, TWILIO_FROM: '  ' }, /^TWILIO_FROM must be a number of yours/],
    ['no token', { ...twilio, TWILIO_TOKEN: '' }, /^TWILIO_TOKEN must be set/],
  ])('says what is wrong with %s, once and without a value', (_, env, sentence) => {
    const { problems } = read(env);
    expect(problems).toEqual([expect.stringMatching(sentence)]);
    expect(problems.join()).not.toContain('sesame');
  });
});

describe('writeSender()', () => {
  test('quotes a name', () => {
    expect(writeSender({ name: '', address: 'a@example.org' })).toBe('a@example.org');
    expect(writeSender({ name: 'A "B" \\ C, D', address: 'a@example.org' })).toBe(
      '"A \\"B\\" \\\\ C, D" <a@example.org>',
    );
  });
});
