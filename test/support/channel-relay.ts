// Relays that send their codes for real, each through another channel, to servers on this machine.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelName } from '../../worker/challenge/channel.ts';
import { createCertificate } from '../demo/certificate.ts';
import { codeIn, type MailServer, mailUser, startMailServer } from './mail-server.ts';
import { type Provider, type ProviderAnswer, startProvider } from './provider.ts';
import { type HostName, startRelay, type TestRelay, type TestRelayOptions } from './relay.ts';
import { Client } from './request.ts';
import { until } from './until.ts';

/** The other sides of all channels. */
export class Post {
  readonly mail: MailServer;
  /** With TLS from the start. */
  readonly secureMail: MailServer;
  readonly provider: Provider;
  /** What the providers answer. */
  answer: ProviderAnswer = success;
  readonly #folder: string;
  readonly #relays: TestRelay[] = [];

  private constructor(folder: string, mail: MailServer, secureMail: MailServer, provider: Provider) {
    this.#folder = folder;
    this.mail = mail;
    this.secureMail = secureMail;
    this.provider = provider;
  }

  static async open(): Promise<Post> {
    const folder = await mkdtemp(join(tmpdir(), 'cliquet-post-'));
    const files = await createCertificate(folder);
    const tls = { key: await readFile(files.key, 'utf8'), cert: await readFile(files.cert, 'utf8') };
    const passwords = ['sesame'];
    const provider = await startProvider((call) => post.answer(call));
    const [mail, secureMail] = [
      await startMailServer({ tls, passwords }),
      await startMailServer({ tls, passwords, isSecure: true }),
    ];
    const post = new Post(folder, mail, secureMail, provider);
    // What relays trust besides, each host in its way.
    process.env.NODE_EXTRA_CA_CERTS = files.ca;
    process.env.DENO_CERT = files.ca;
    return post;
  }

  /** A relay that is told where its channels are; which of them it uses stands in `vars`. */
  async startRelay(
    host: HostName,
    vars: Readonly<Record<string, string>>,
    options: TestRelayOptions = {},
  ): Promise<TestRelay> {
    const { TMPDIR } = process.env;
    // Where Workers' own binding, as it is locally, writes what it was given.
    process.env.TMPDIR = this.#folder;
    try {
      const relay = await startRelay({ ...options, host, vars: { ...this.#addresses(), ...options.vars, ...vars } });
      this.#relays.push(relay);
      return relay;
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  }

  /** A relay whose inbox is what this channel has sent, the only one that it has. */
  async startRelayWith(
    channel: Exclude<ChannelName, 'cloudflare'>,
    host: HostName = 'workerd',
  ): Promise<TestRelay & { address(): string }> {
    const relay = await this.startRelay(host, {
      [channel === 'twilio' ? 'PHONE_CHANNELS' : 'EMAIL_CHANNELS']: channel,
    });
    const codeOf = (address: string) => (channel === 'smtp' ? this.mail.code(address) : this.provided(address));
    const inbox = channel === 'inbox' ? relay.inbox : (address: string) => until(() => codeOf(address));
    return {
      ...relay,
      logs: relay.logs,
      inbox,
      address: () => (channel === 'twilio' ? `+4179${String(Math.random()).slice(2, 9)}` : new Client(relay).uid),
    };
  }

  /** The newest code to this address that came to a provider. */
  provided(address: string): string | undefined {
    const bodies = this.provider.calls.map(({ body }) => decodeURIComponent(body.replaceAll('+', ' ')));
    return codeIn(bodies.findLast((body) => body.includes(address.replace('+', ''))));
  }

  /** What Workers' own binding has got, in no order. */
  async bound(): Promise<string[]> {
    const files = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    const texts = files.filter(({ parentPath, name }) => parentPath.endsWith('email-text') && name.endsWith('.txt'));
    return Promise.all(texts.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
  }

  /** Stops the relays that were started. */
  async stopRelays(): Promise<void> {
    for (const relay of this.#relays.splice(0)) await relay.stop();
  }

  async close(): Promise<void> {
    await this.stopRelays();
    for (const server of [this.mail, this.secureMail, this.provider]) await server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #addresses(): Record<string, string> {
    const { url } = this.provider;
    return {
      ...{ MAIL_FROM: 'Cliquet <codes@relay.example.org>', SMTP_PASSWORD: 'sesame' },
      SMTP_URL: `smtp://${mailUser}@localhost:${this.mail.port}`,
      ...{ RESEND_URL: url, RESEND_KEY: 're_key', POSTMARK_URL: url, POSTMARK_KEY: 'postmark-key' },
      ...{ TWILIO_URL: url, TWILIO_ACCOUNT: `AC${'0'.repeat(32)}`, TWILIO_TOKEN: 'token' },
      ...{ TWILIO_FROM: '+15005550006', SMS_PREFIXES: '+4179,+33' },
    };
  }
}

function success({ target }: { readonly target: string }): number {
  return target.endsWith('/Messages.json') ? 201 : 200;
}
