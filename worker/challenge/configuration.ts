// Which channels a deployment has: its variables and secrets, read once. All that is missing or wrong is noted, a sentence
// each, and no value is quoted.

import type { Address } from '../../client/wire/address.ts';

/** The `send_email` binding of a Worker. */
export interface EmailBinding {
  send(email: {
    readonly from: { readonly name: string; readonly email: string } | string;
    readonly to: string;
    readonly subject: string;
    readonly text: string;
    readonly html: string;
  }): Promise<unknown>;
}

/** Of letters: `name` may be empty. */
export interface Sender {
  readonly name: string;
  readonly address: string;
}

/** A provider's HTTP API: its origin, and the keys to try in order. */
export interface ProviderSettings {
  readonly url: string;
  readonly keys: readonly string[];
}

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'always' | 'starttls' | 'none';
  /** Null: without authentication. */
  readonly user: string | null;
  readonly keys: readonly string[];
}

export interface TwilioSettings extends ProviderSettings {
  readonly account: string;
  /** A number, a name, or a messaging service (`MG…`). */
  readonly from: string;
}

export type ChannelSettings =
  | { readonly name: 'smtp'; readonly from: Sender; readonly settings: SmtpSettings }
  | { readonly name: 'resend' | 'postmark'; readonly from: Sender; readonly settings: ProviderSettings }
  | { readonly name: 'cloudflare'; readonly from: Sender; readonly binding: EmailBinding }
  | { readonly name: 'twilio'; readonly settings: TwilioSettings }
  | { readonly name: 'inbox'; readonly kind: Address['kind'] };

/** Text messages cost whoever runs the relay, and earn others who own numbers: only to these prefixes, and only so many. */
export interface TextLimits {
  /** `+41`, `+33` … */
  readonly prefixes: readonly string[];
  readonly perDay: number;
  readonly perPrefixAndDay: number;
}

export interface DeliverySettings {
  /** The first is used, the next ones where it fails. */
  readonly channels: Readonly<Record<Address['kind'], readonly ChannelSettings[]>>;
  /** Null where text messages cost nothing: in the development inbox. */
  readonly texts: TextLimits | null;
}

/** Where to note what is missing or wrong. */
interface Notes {
  add(message: string): void;
}

const perDay = 200;
const perPrefixAndDay = 100;

interface Surroundings {
  readonly isDevelopment: boolean;
  /** Whatever the deployment binds. */
  readonly env: object;
  readonly notes: Notes;
}

/** @param env  variables, secrets and bindings; what is empty or blank is not set */
export function readDelivery(env: object, isDevelopment: boolean, notes: Notes): DeliverySettings {
  const said = new Set<string>();
  // Two channels may lack the same.
  const once = {
    add(message: string): void {
      if (!said.has(message)) notes.add(message);
      said.add(message);
    },
  };
  const surroundings = { env, isDevelopment, notes: once };
  const email = readChannels('email', 'EMAIL_CHANNELS', surroundings);
  const phone = readChannels('phone', 'PHONE_CHANNELS', surroundings);
  const isNamed = (variable: string) => listOf(textOf(surroundings, variable)).length > 0;
  if (!isDevelopment && !isNamed('EMAIL_CHANNELS') && !isNamed('PHONE_CHANNELS')) {
    notes.add(
      'EMAIL_CHANNELS or PHONE_CHANNELS must name what codes are sent with: smtp, resend, postmark or cloudflare, and twilio; several are separated by commas.',
    );
  }
  if (!phone.some(({ name }) => name !== 'inbox')) return { channels: { email, phone }, texts: null };
  const texts = readTextLimits(surroundings);
  // Without a prefix none goes out; who has no other way to send codes would not want that.
  if (texts.prefixes.length === 0 && email.length === 0) surroundings.notes.add(prefixesSentence);
  return { channels: { email, phone: texts.prefixes.length === 0 ? [] : phone }, texts };
}

function readChannels(kind: Address['kind'], variable: string, surroundings: Surroundings): ChannelSettings[] {
  const { isDevelopment, notes } = surroundings;
  // Each once: a text message is counted once, and would be tried as often as its channel is named.
  const names = [...new Set(listOf(textOf(surroundings, variable)))];
  if (names.length === 0 && isDevelopment) return [{ name: 'inbox', kind }];
  return names.flatMap((name) => {
    if (name === 'inbox') {
      if (isDevelopment) return { name, kind };
      notes.add(`${variable} names inbox, which shows codes to whoever asks: it is for development only.`);
      return [];
    }
    const known = kind === 'email' ? readEmailChannel(name, surroundings) : readPhoneChannel(name, surroundings);
    if (known !== null) return known;
    const choice = kind === 'email' ? 'smtp, resend, postmark or cloudflare' : 'twilio';
    notes.add(`${variable} must be a list of ${choice}, separated by commas.`);
    return [];
  });
}

/** @returns null if there is none of this name */
function readEmailChannel(name: string, surroundings: Surroundings): ChannelSettings | null {
  switch (name) {
    case 'smtp':
      return { name, from: readSender(surroundings), settings: readSmtp(surroundings) };
    case 'resend':
    case 'postmark': {
      const api = name === 'resend' ? 'https://api.resend.com' : 'https://api.postmarkapp.com';
      const prefix = name.toUpperCase();
      const settings = {
        url: readUrl(surroundings, `${prefix}_URL`, api),
        keys: readKeys(surroundings, `${prefix}_KEY`),
      };
      return { name, from: readSender(surroundings), settings };
    }
    case 'cloudflare': {
      const binding: unknown = Reflect.get(surroundings.env, 'EMAIL');
      if (isEmailBinding(binding)) return { name, from: readSender(surroundings), binding };
      surroundings.notes.add(
        'EMAIL_CHANNELS names cloudflare, which needs the send_email binding EMAIL of a Worker; elsewhere use another channel.',
      );
      return { name: 'inbox', kind: 'email' };
    }
    default:
      return null;
  }
}

/** @returns null if there is none of this name */
function readPhoneChannel(name: string, surroundings: Surroundings): ChannelSettings | null {
  if (name !== 'twilio') return null;
  const settings = {
    url: readUrl(surroundings, 'TWILIO_URL', 'https://api.twilio.com'),
    keys: readKeys(surroundings, 'TWILIO_TOKEN'),
    account: readText(surroundings, 'TWILIO_ACCOUNT', /^AC[0-9a-f]{32}$/i, "the account's SID, AC and 32 characters"),
    from: readText(
      surroundings,
      'TWILIO_FROM',
      /^(?:\+[1-9]\d{6,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$/i,
      'a number of yours (+…), a messaging service (MG…) or the name that people see',
    ),
  };
  return { name, settings };
}

const prefixesSentence =
  'SMS_PREFIXES must list the prefixes that text messages may go to, as in SMS_PREFIXES=+33,+41; without any, none is sent.';

function readTextLimits(surroundings: Surroundings): TextLimits {
  const prefixes = listOf(textOf(surroundings, 'SMS_PREFIXES'));
  if (!prefixes.every((prefix) => /^\+[1-9]\d{0,6}$/.test(prefix))) surroundings.notes.add(prefixesSentence);
  return {
    prefixes,
    perDay: readCount(surroundings, 'SMS_PER_DAY', perDay),
    perPrefixAndDay: readCount(surroundings, 'SMS_PER_PREFIX_PER_DAY', perPrefixAndDay),
  };
}

/** `smtps://user@host:465`, `smtp://user@host:587` (STARTTLS), or on this machine `smtp://127.0.0.1:25?tls=none`. */
function readSmtp(surroundings: Surroundings): SmtpSettings {
  const text = textOf(surroundings, 'SMTP_URL') ?? '';
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSecure = url?.protocol === 'smtps:';
  const isPlain = url?.searchParams.get('tls') === 'none';
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const user = decodePart(url?.username ?? '');
  const isFine =
    url !== null &&
    (isSecure || url.protocol === 'smtp:') &&
    host !== '' &&
    user !== null &&
    url.password === '' &&
    !(isSecure && isPlain);
  if (!isFine) {
    surroundings.notes.add(
      'SMTP_URL must be like smtps://user@mail.example.org:465, or smtp://user@mail.example.org:587 for STARTTLS, without a password: that is the secret SMTP_PASSWORD.',
    );
  }
  if (isPlain && !loopback.includes(host)) {
    surroundings.notes.add('SMTP_URL says tls=none, which is for a server on this machine only (127.0.0.1).');
  }
  return {
    host,
    port: Number(url?.port) || (isSecure ? 465 : 587),
    tls: isSecure ? 'always' : isPlain ? 'none' : 'starttls',
    user: user || null,
    keys: user ? readKeys(surroundings, 'SMTP_PASSWORD') : [''],
  };
}

/** @returns null if it is not percent-encoded UTF-8 */
function decodePart(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const loopback = ['localhost', '127.0.0.1', '::1'];

/** A secret, and while it is being changed also the one before, under NAME_PREVIOUS. */
function readKeys(surroundings: Surroundings, name: string): string[] {
  const keys = [name, `${name}_PREVIOUS`].flatMap((each) => textOf(surroundings, each) ?? []);
  const isFine = textOf(surroundings, name) !== undefined && keys.every((key) => /^[\x20-\x7e]+$/.test(key));
  if (!isFine) {
    surroundings.notes.add(
      `${name} must be set to what the provider gave you, as a secret: npx wrangler secret put ${name}, or a line of the configuration on a machine of your own.`,
    );
  }
  return keys;
}

/** `codes@example.org` or `Name <codes@example.org>`. */
function readSender(surroundings: Surroundings): Sender {
  const text = textOf(surroundings, 'MAIL_FROM') ?? '';
  const [, name = '', bracketed, bare = ''] = /^(?:([^<>"\p{Cc}]*)<([^<>]+)>|([^<>]+))$/u.exec(text.trim()) ?? [];
  const address = (bracketed ?? bare).trim();
  if (!/^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(address)) {
    surroundings.notes.add(
      'MAIL_FROM must be the address that codes come from, like codes@example.org or Name <codes@example.org>.',
    );
  }
  return { name: name.trim(), address };
}

export function writeSender({ name, address }: Sender): string {
  return name === '' ? address : `"${name.replace(/[\\"]/g, '\\$&')}" <${address}>`;
}

/** An origin; without TLS on this machine only. */
function readUrl(surroundings: Surroundings, name: string, standard: string): string {
  const text = textOf(surroundings, name) ?? standard;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isFine = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.includes(url.hostname));
  if (!isFine) surroundings.notes.add(`${name} must be an https:// address; leave it away to use ${standard}.`);
  return url?.origin ?? standard;
}

function readCount(surroundings: Surroundings, name: string, standard: number): number {
  const value = Number(textOf(surroundings, name) ?? standard);
  if (!Number.isSafeInteger(value) || value < 0) surroundings.notes.add(`${name} must be a whole number.`);
  return value;
}

function readText(surroundings: Surroundings, name: string, pattern: RegExp, what: string): string {
  const text = textOf(surroundings, name) ?? '';
  if (!pattern.test(text)) surroundings.notes.add(`${name} must be ${what}.`);
  return text;
}

function textOf({ env, notes }: Surroundings, name: string): string | undefined {
  const value: unknown = Reflect.get(env, name);
  // A number or a list of wrangler.toml, which would count for nothing.
  if (value !== undefined && typeof value !== 'string') notes.add(`${name} must be text, in quotes.`);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function listOf(text = ''): string[] {
  return text.split(',').flatMap((part) => part.trim() || []);
}

function isEmailBinding(value: unknown): value is EmailBinding {
  return typeof value === 'object' && value !== null && 'send' in value;
}
