// The variables and secrets of a deployment, checked once. A relay that is not configured serves nothing.

import * as v from 'valibot';
import { type Bytes, decodeBase64Url, encodeUtf8 } from '../client/wire/bytes.ts';

export interface Settings {
  readonly development: boolean;
  readonly secrets: { readonly pepper: Bytes; readonly filterKey: Bytes; readonly ticketKey: Bytes };
  /** Origins beside the relay's own that browsers may call from. */
  readonly origins: readonly string[];
  /** Requests of one mailbox: a burst, then so many a second. */
  readonly requests: { readonly burst: number; readonly perSecond: number };
  readonly challenge: {
    readonly lifetimeMs: number;
    /** Before the second code of an hour; four times as long before the third. */
    readonly resendMs: number;
    /** Whether the number of codes to one address is limited. */
    readonly limitSends: boolean;
  };
}

const number = (fallback: number, development: number) => ({ fallback, development });

/** Numbers that a deployment may set, with what they are unless it does. */
const numbers = {
  REQUEST_BURST: number(60, 10_000),
  REQUESTS_PER_SECOND: number(1, 1000),
  CHALLENGE_SECONDS: number(600, 600),
  CHALLENGE_RESEND_SECONDS: number(30, 0),
};

const secretNames = ['PEPPER', 'FILTER_KEY', 'TICKET_KEY'] as const;
const secretBytes = 32;

/** A deployment that lacks something; the message says what, and never a value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const TextsSchema = v.object({
  ENVIRONMENT: v.picklist(['development', 'production']),
  ALLOWED_ORIGINS: v.optional(v.string(), ''),
  ...Object.fromEntries([...secretNames, ...Object.keys(numbers)].map((name) => [name, v.optional(v.string())])),
});

/** @throws ConfigurationError */
export function readSettings(env: object): Settings {
  const parsed = v.safeParse(TextsSchema, env);
  if (!parsed.success) {
    throw new ConfigurationError('ENVIRONMENT must be "development" or "production", and variables must be text.');
  }
  const texts: Record<string, string | undefined> = parsed.output;
  const development = texts.ENVIRONMENT === 'development';

  const numeric = (name: keyof typeof numbers) => {
    const text = texts[name];
    const value = text === undefined ? numbers[name][development ? 'development' : 'fallback'] : Number(text);
    if (!Number.isFinite(value) || value < 0) throw new ConfigurationError(`${name} must be a number.`);
    return value;
  };
  const secret = (name: (typeof secretNames)[number]) =>
    texts[name] === undefined && development ? developmentSecret(name) : parseSecret(name, texts[name]);

  const resendMs = numeric('CHALLENGE_RESEND_SECONDS') * 1000;
  return {
    development,
    secrets: {
      pepper: secret('PEPPER'),
      filterKey: secret('FILTER_KEY'),
      ticketKey: secret('TICKET_KEY'),
    },
    origins: (texts.ALLOWED_ORIGINS ?? '').split(',').flatMap((origin) => origin.trim() || []),
    requests: { burst: numeric('REQUEST_BURST'), perSecond: numeric('REQUESTS_PER_SECOND') },
    challenge: { lifetimeMs: numeric('CHALLENGE_SECONDS') * 1000, resendMs, limitSends: resendMs > 0 },
  };
}

function parseSecret(name: string, text: string | undefined): Bytes {
  try {
    const secret = decodeBase64Url(text ?? '');
    if (secret.length === secretBytes) return secret;
  } catch {
    // refused below
  }
  throw new ConfigurationError(
    `${name} must be ${secretBytes} random bytes in base64url; set it with: npx wrangler secret put ${name}`,
  );
}

/** Known to everybody: good for a relay on one's own machine and nothing else. */
function developmentSecret(name: string): Bytes {
  return encodeUtf8(`cliquet development ${name}`.padEnd(secretBytes, '.'));
}
