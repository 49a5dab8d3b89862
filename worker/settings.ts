// The variables and secrets of a deployment, checked once. A relay that is not configured serves nothing.

import * as v from 'valibot';
import { type Bytes, decodeBase64Url, encodeUtf8 } from '../client/wire/bytes.ts';
import { type DeliverySettings, readDelivery } from './challenge/configuration.ts';
import { sameSecret } from './names.ts';

export interface Settings {
  readonly development: boolean;
  readonly secrets: {
    readonly pepper: Bytes;
    /** TICKET_KEY, and TICKET_KEY_PREVIOUS if it is set: what either has sealed is opened, new things by the first. */
    readonly ticketKeys: readonly [Bytes, ...Bytes[]];
    /** Who has it is told all of /v1/health; null: nobody is. */
    readonly healthToken: Bytes | null;
  };
  /** In which all objects are, for the life of a deployment; null: wherever the platform puts them. */
  readonly jurisdiction: Jurisdiction | null;
  /** The generations of the filter key, the current one first: FILTER_KEY, and FILTER_KEY_PREVIOUS if it is set. */
  readonly filterKeys: readonly [FilterKey, ...FilterKey[]];
  /** Names (`example.org`, with any port) and authorities (`example.org:8443`) that the relay answers to; null: any. */
  readonly hosts: readonly string[] | null;
  /** Origins beside the relay's own that browsers may call from. */
  readonly origins: readonly string[];
  /** Requests of one mailbox: a burst, then so many a second. */
  readonly requests: { readonly burst: number; readonly perSecond: number };
  /** What codes are sent with. */
  readonly delivery: DeliverySettings;
  /** How long a body may take to arrive: later than twice the tolerance of a signature, that cannot be fresh any more. */
  readonly bodyTimeoutMs: number;
  readonly challenge: {
    readonly lifetimeMs: number;
    /** Before the second code of an hour; four times as long before the third. */
    readonly resendMs: number;
    /** Whether the number of codes to one address is limited. */
    readonly limitSends: boolean;
  };
}

/**
 * Rotation: FILTER_KEY_PREVIOUS becomes what FILTER_KEY was, FILTER_KEY a new one, FILTER_GENERATION one more, in one
 * deployment. 90 days later every mailbox that is still there has entered the new generation; FILTER_KEY_PREVIOUS is
 * then removed, and a week later the shards of the old generation remove themselves.
 */
interface FilterKey {
  /** FILTER_GENERATION, and one less of the previous key. It only ever grows: shards are published under it. */
  readonly generation: number;
  readonly key: Bytes;
}

const jurisdictions = ['eu', 'us', 'fedramp', 'fedramp-high'] as const;
export type Jurisdiction = (typeof jurisdictions)[number];

const number = (fallback: number, development: number) => ({ fallback, development });

/** Numbers that a deployment may set, with what they are unless it does. */
const numbers = {
  REQUEST_BURST: number(60, 10_000),
  REQUESTS_PER_SECOND: number(1, 1000),
  BODY_SECONDS: number(120, 120),
  CHALLENGE_SECONDS: number(600, 600),
  CHALLENGE_RESEND_SECONDS: number(30, 0),
};

/** What a machine calls itself: no foreign page reaches a development relay by rebinding its own name. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

export const secretNames = ['PEPPER', 'FILTER_KEY', 'TICKET_KEY'];
const optionalNames = [
  'FILTER_GENERATION',
  'FILTER_KEY_PREVIOUS',
  'TICKET_KEY_PREVIOUS',
  'HEALTH_TOKEN',
  'JURISDICTION',
];
const secretBytes = 32;

/** A deployment that lacks something; the message says what, and never a value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Staging is as strict as production: only its names, data and secrets are others. */
const environments = ['development', 'staging', 'production'] as const;

const TextsSchema = v.object({
  ENVIRONMENT: v.picklist(environments),
  HOSTS: v.optional(v.string()),
  ALLOWED_ORIGINS: v.optional(v.string(), ''),
  ...Object.fromEntries(
    [...secretNames, ...optionalNames, ...Object.keys(numbers)].map((name) => [name, v.optional(v.string())]),
  ),
});

/** Gathers what is wrong, so that all of it is said at once. */
export class Problems {
  readonly #messages: string[] = [];

  add(message: string): void {
    this.#messages.push(message);
  }

  /** What `work` reads; if it is wrong, that is noted, and `instead` stands for it until it is said. */
  attempt<T>(instead: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.add(error.message);
      return instead;
    }
  }

  /** All of it. */
  error(): ConfigurationError {
    return new ConfigurationError(this.#messages.join('\n'));
  }

  /** @throws ConfigurationError if anything was wrong */
  check(): void {
    if (this.#messages.length > 0) throw this.error();
  }
}

const setSecret = (name: string, environment: string) =>
  `set it with: npx wrangler secret put ${name} --env ${environment}`;

/**
 * @param howTo     how this host is given a secret, for people
 * @param problems  what is wrong besides, to be said at once
 * @throws ConfigurationError
 */
export function readSettings(env: object, howTo: typeof setSecret = setSecret, problems = new Problems()): Settings {
  const parsed = v.safeParse(TextsSchema, env);
  if (!parsed.success) {
    problems.add('ENVIRONMENT must be "development", "staging" or "production", and variables must be text.');
    throw problems.error();
  }
  const texts: Record<string, string | undefined> = parsed.output;
  const development = texts.ENVIRONMENT === 'development';

  const numeric = (name: keyof typeof numbers) => {
    const text = texts[name];
    const value = text === undefined ? numbers[name][development ? 'development' : 'fallback'] : Number(text);
    if (text?.trim() === '' || !Number.isFinite(value) || value < 0) problems.add(`${name} must be a number.`);
    return value;
  };
  const secret = (name: string) => {
    const missing = new Uint8Array(secretBytes);
    if (texts[name] === undefined && development) return developmentSecret(name);
    return problems.attempt(missing, () => parseSecret(name, texts[name], howTo(name, texts.ENVIRONMENT ?? '')));
  };
  const resendMs = numeric('CHALLENGE_RESEND_SECONDS') * 1000;
  const [pepper, filterKey, ticketKey] = [secret('PEPPER'), secret('FILTER_KEY'), secret('TICKET_KEY')];
  const optional = (name: string) => (texts[name] === undefined ? null : secret(name));
  const [previous, previousTicketKey] = [optional('FILTER_KEY_PREVIOUS'), optional('TICKET_KEY_PREVIOUS')];
  const unread = [{ generation: 1, key: filterKey }] as const;
  const settings: Settings = {
    development,
    secrets: {
      pepper,
      ticketKeys: previousTicketKey === null ? [ticketKey] : [ticketKey, previousTicketKey],
      healthToken: optional('HEALTH_TOKEN'),
    },
    jurisdiction: problems.attempt(null, () => parseJurisdiction(texts.JURISDICTION, development)),
    filterKeys: problems.attempt<Settings['filterKeys']>(unread, () =>
      readFilterKeys(filterKey, texts.FILTER_GENERATION, previous),
    ),
    hosts: problems.attempt(null, () => parseHosts(texts.HOSTS, development)),
    origins: parseList(texts.ALLOWED_ORIGINS),
    requests: { burst: numeric('REQUEST_BURST'), perSecond: numeric('REQUESTS_PER_SECOND') },
    delivery: readDelivery(env, development, problems),
    bodyTimeoutMs: numeric('BODY_SECONDS') * 1000,
    challenge: { lifetimeMs: numeric('CHALLENGE_SECONDS') * 1000, resendMs, limitSends: !development || resendMs > 0 },
  };
  problems.check();
  return settings;
}

function readFilterKeys(key: Bytes, number = '1', previous: Bytes | null = null): Settings['filterKeys'] {
  const generation = Number(number);
  if (!Number.isSafeInteger(generation) || generation < 1) {
    throw new ConfigurationError('FILTER_GENERATION must be a whole number from 1 on.');
  }
  if (previous === null) return [{ generation, key }];
  // Else the two generations would be one, or the old one be looked for under a name that it never had.
  if (generation === 1 || sameSecret(previous, key)) {
    throw new ConfigurationError(
      'FILTER_KEY_PREVIOUS must differ from FILTER_KEY, and FILTER_GENERATION be one more than it was with that key.',
    );
  }
  return [
    { generation, key },
    { generation: generation - 1, key: previous },
  ];
}

function parseJurisdiction(text: string | undefined, development: boolean): Jurisdiction | null {
  if (text !== undefined && development) {
    throw new ConfigurationError('JURISDICTION is for a deployment: on this machine there are none. Leave it away.');
  }
  const jurisdiction = jurisdictions.find((name) => name === text) ?? null;
  if (jurisdiction !== null || text === undefined) return jurisdiction;
  throw new ConfigurationError(`JURISDICTION must be one of ${jurisdictions.join(', ')}; leave it away for none.`);
}

function parseList(text = ''): string[] {
  return text.split(',').flatMap((part) => part.trim() || []);
}

/** In a deployment the platform hands on only what is asked under the deployment's own names. */
function parseHosts(text: string | undefined, development: boolean): string[] | null {
  if (text === undefined) return development ? loopbackHosts : null;
  const hosts = parseList(text.toLowerCase());
  if (hosts.length > 0) return hosts;
  throw new ConfigurationError('HOSTS must name at least one host; leave it away to answer under any.');
}

function parseSecret(name: string, text: string | undefined, howTo: string): Bytes {
  try {
    const secret = decodeBase64Url(text ?? '');
    if (secret.length === secretBytes) return secret;
  } catch {
    // refused below
  }
  throw new ConfigurationError(`${name} must be ${secretBytes} random bytes in base64url; ${howTo}`);
}

/** Known to everybody: good for a relay on one's own machine and nothing else. */
function developmentSecret(name: string): Bytes {
  return encodeUtf8(`cliquet development ${name}`.padEnd(secretBytes, '.'));
}
