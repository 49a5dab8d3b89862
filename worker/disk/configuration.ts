// What a relay on one's own machine is told: by the environment, or a file of lines NAME=value. All that is missing or
// wrong is said at once, a sentence each, and no value is quoted.

import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigurationError, Problems, readSettings } from '../settings.ts';
import type { ServerSettings } from './server.ts';

export interface Configuration {
  readonly server: ServerSettings;
  /** Where everything is kept. */
  readonly stateFolder: string;
  /** Requests of one network prefix on routes that need no registration. */
  readonly strangersPerMinute: number;
  /** Variables and secrets, as settings.ts reads them. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

type Texts = Readonly<Record<string, string | undefined>>;

/**
 * @param environment  what stands in it goes before what stands in the file
 * @param file         path of a file with more; null if there is none
 * @throws ConfigurationError
 */
export function readConfiguration(environment: Texts, file: string | null): Configuration {
  const all = { ENVIRONMENT: 'production', ...(file === null ? {} : readFile(file)), ...environment };
  // What is empty is not set.
  const variables: Texts = Object.fromEntries(Object.entries(all).filter(([, value]) => value));
  const isDevelopment = variables.ENVIRONMENT === 'development';
  const problems = new Problems();
  const number = (name: string, fallback: number, most: number) => {
    const value = Number(variables[name] ?? fallback);
    const isFine = Number.isSafeInteger(value) && value >= 0 && value <= most;
    if (!isFine) problems.add(`${name} must be a whole number, at most ${most}.`);
    return value;
  };
  const configuration: Configuration = {
    server: {
      hostname: variables.LISTEN ?? '127.0.0.1',
      port: number('PORT', 8787, 65_535),
      tls: problems.attempt(null, () => readTls(variables)),
      maxConnections: number('MAX_CONNECTIONS', 4000, 1_000_000),
      addressHeader: variables.ADDRESS_HEADER?.toLowerCase() ?? null,
    },
    stateFolder: resolve(variables.STATE ?? '.state/relay'),
    strangersPerMinute: number('STRANGERS_PER_MINUTE', isDevelopment ? 100_000 : 30, 1_000_000),
    variables,
  };
  problems.attempt(null, () => readSettings(variables, secretHint));
  if (variables.JURISDICTION !== undefined) {
    problems.add('JURISDICTION is for Cloudflare; here everything is where this machine is. Leave it away.');
  }
  if (!isDevelopment && variables.HOSTS === undefined) {
    problems.add('HOSTS must say under which names clients reach this relay, as in HOSTS=relay.example.org');
  }
  if (!isDevelopment && variables.STATE === undefined) {
    problems.add('STATE must name the folder in which this relay keeps everything, as in STATE=/var/lib/cliquet');
  }
  problems.check();
  return configuration;
}

const secretHint = () => 'a file with new ones is printed by --new-config';

/** A file that only has to be told its names, with secrets of its own. */
export function newConfiguration(): string {
  const secret = () => randomBytes(32).toString('base64url');
  return `# The configuration of one relay. Keep it as safe as its state: whoever has PEPPER can tell whose mailbox is whose.
# Names that clients reach it under, separated by commas.
HOSTS=
# Where everything is kept.
STATE=
# Address and port to listen at: 127.0.0.1 behind a proxy, :: for all.
LISTEN=127.0.0.1
PORT=8787
# A certificate and its key (PEM), if no proxy in front speaks TLS.
#TLS_CERT=
#TLS_KEY=
# Behind a proxy: the header in which it names the client's address.
#ADDRESS_HEADER=x-forwarded-for
# Origins of web pages that may call, separated by commas.
#ALLOWED_ORIGINS=
# What codes are sent with, here an SMTP server; others are in docs/CHANNELS.md.
EMAIL_CHANNELS=smtp
# The address that they come from, like codes@example.org
MAIL_FROM=
# Like smtps://user@mail.example.org:465, or smtp://user@mail.example.org:587 for STARTTLS
SMTP_URL=
SMTP_PASSWORD=
# PEPPER is for the life of this relay. The others can be changed (docs/OPERATIONS.md, "Changing secrets").
PEPPER=${secret()}
FILTER_KEY=${secret()}
TICKET_KEY=${secret()}
`;
}

function readFile(path: string): Texts {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    throw new ConfigurationError(`The configuration file ${path} cannot be read; name one with --config FILE.`);
  }
}

function readTls({ TLS_CERT: cert, TLS_KEY: key }: Texts): ServerSettings['tls'] {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    throw new ConfigurationError('TLS_CERT and TLS_KEY must name a certificate and its key, both or neither.');
  }
  const tls = { cert: readPem('TLS_CERT', cert), key: readPem('TLS_KEY', key) };
  if (!isPair(tls))
    throw new ConfigurationError('TLS_CERT and TLS_KEY must name a certificate and the key of that one.');
  return tls;
}

/** Deno would listen with what is none, and answer nobody. */
function isPair({ cert, key }: { readonly cert: string; readonly key: string }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function readPem(name: string, path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN ')) return text;
  } catch {
    // refused below
  }
  throw new ConfigurationError(`${name} must name a PEM file that this relay may read.`);
}
