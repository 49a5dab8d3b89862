import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { newConfiguration, readConfiguration } from '../../../worker/disk/configuration.ts';
import { ConfigurationError, readSettings } from '../../../worker/settings.ts';
import { createCertificate } from '../../demo/certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'cliquet-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const channel = { EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' };
const whole = { ...parseEnv(newConfiguration()), ...channel, HOSTS: 'relay.example.org', STATE: folder };

function complaintsOf(environment: Record<string, string | undefined>, path: string | null = null): string[] {
  try {
    readConfiguration(environment, path);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('readConfiguration()', () => {
  test('says all that is missing at once, a sentence each', () => {
    expect(complaintsOf({}).map((line) => line.split(' ')[0])).toEqual([
      ...['PEPPER', 'FILTER_KEY', 'TICKET_KEY', 'EMAIL_CHANNELS', 'HOSTS', 'STATE'],
    ]);
  });

  test('needs nothing in development', () => {
    expect(readConfiguration({ ENVIRONMENT: 'development' }, null)).toMatchObject({
      server: { hostname: '127.0.0.1', port: 8787, tls: null, addressHeader: null },
      strangersPerMinute: 100_000,
    });
  });

  test('reads a file, and the environment before it', () => {
    const path = file(
      'relay.env',
      Object.entries(whole)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    );
    expect(readConfiguration({ PORT: '9000', ADDRESS_HEADER: 'X-Real-Ip' }, path)).toMatchObject({
      server: { port: 9000, hostname: '127.0.0.1', addressHeader: 'x-real-ip' },
      stateFolder: folder,
      strangersPerMinute: 30,
    });
    expect(complaintsOf({}, join(folder, 'none.env'))).toEqual([
      expect.stringMatching(/^The configuration file .* cannot be read/),
    ]);
  });

  test.each([
    ['PORT', '70000'],
    ['PORT', 'x'],
    ['STRANGERS_PER_MINUTE', '-1'],
    ['TLS_CERT', join(folder, 'none.pem')],
    ['HOSTS', ''],
    ['STATE', ''],
    ['PEPPER', 'short'],
    ['JURISDICTION', 'eu'],
    ['TICKET_KEY_PREVIOUS', 'short'],
    ['EMAIL_CHANNELS', ''],
    ['MAIL_FROM', ''],
    ['RESEND_KEY', ''],
    ['REQUEST_BURST', 'many'],
  ])('refuses %s=%s, and quotes no value', (name, value) => {
    const complaints = complaintsOf({ ...whole, [name]: value });
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(name);
    if (value !== '') expect(complaints.join()).not.toContain(value);
  });

  test('takes a certificate and its key together', async () => {
    const { ca, cert, key } = await createCertificate(folder);
    const tls = { TLS_CERT: cert, TLS_KEY: key };
    expect(readConfiguration({ ...whole, ...tls }, null).server.tls).toEqual({
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
    });
    expect(complaintsOf({ ...whole, TLS_CERT: cert })).toEqual([expect.stringMatching(/both or neither/)]);
    expect(complaintsOf({ ...whole, ...tls, TLS_KEY: file('no.pem', 'x') })).toEqual([
      expect.stringMatching(/^TLS_KEY/),
    ]);
    for (const other of [ca, file('damaged.pem', '-----BEGIN CERTIFICATE-----\n')]) {
      expect(complaintsOf({ ...whole, ...tls, TLS_CERT: other })).toEqual([
        expect.stringMatching(/a certificate and the key of that one/),
      ]);
    }
  });
});

describe('newConfiguration()', () => {
  test('has secrets of its own, and lacks only what nobody else can know', () => {
    expect(complaintsOf(parseEnv(newConfiguration())).map((line) => line.split(' ')[0])).toEqual([
      'MAIL_FROM',
      'SMTP_URL',
      'HOSTS',
      'STATE',
    ]);
    const { secrets } = readSettings({ ...whole, ENVIRONMENT: 'production' });
    expect(secrets).not.toEqual(
      readSettings({ ...parseEnv(newConfiguration()), ...channel, HOSTS: 'x', ENVIRONMENT: 'production' }).secrets,
    );
  });
});
