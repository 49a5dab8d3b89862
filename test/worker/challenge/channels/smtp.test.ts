import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smtpChannel } from '../../../../worker/challenge/channels/smtp.ts';
import type { SmtpSettings } from '../../../../worker/challenge/configuration.ts';
import { createCertificate } from '../../../demo/certificate.ts';
import {
  type MailServerOptions,
  mailUser,
  replyCount,
  startBreakingServer,
  startMailServer,
} from '../../../support/mail-server.ts';
import { until } from '../../../support/until.ts';
import { contract, key, message, type OtherSide, previousKey, type Temper } from './contract.ts';

const sender = { name: 'Cliquet, codes', address: 'codes@relay.example.org' };
const somebody = { kind: 'email', uid: 'somebody@example.org' } as const;
const never = new AbortController().signal;

let folder = '';
let tls: { readonly key: string; readonly cert: string };
/** By a certificate authority that nobody trusts. */
let foreign: typeof tls;
const systemCertificates = getCACertificates('default');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cliquet-mail-'));
  const create = async (...names: Parameters<typeof createCertificate>[1][]) => {
    const { ca, key, cert } = await createCertificate(await mkdtemp(join(folder, 'certificate-')), ...names);
    const read = (path: string) => readFileSync(path, 'utf8');
    return { ca: read(ca), tls: { key: read(key), cert: read(cert) } };
  };
  // Not for 127.0.0.1.
  const own = await create([{ type: 'dns', value: 'localhost' }]);
  tls = own.tls;
  foreign = (await create()).tls;
  setDefaultCACertificates([...systemCertificates, own.ca]);
});
afterAll(async () => {
  setDefaultCACertificates(systemCertificates);
  await rm(folder, { recursive: true });
});

const settings = (port: number, more: Partial<SmtpSettings> = {}): SmtpSettings => ({
  host: 'localhost',
  port,
  tls: 'starttls',
  user: mailUser,
  keys: [key, previousKey],
  ...more,
});

async function start(temper: Temper, isSecure: boolean): Promise<OtherSide> {
  const waiting = Promise.withResolvers<void>();
  const options: Record<Temper, MailServerOptions> = {
    takes: { passwords: [key] },
    refuses: { passwords: [key], refuse: { at: 'recipient', code: 550 } },
    'refuses keys': { passwords: [] },
    'knows the previous key': { passwords: [previousKey] },
    // It breaks the line at the first thing that is said.
    fails: {},
    'is silent': { passwords: [key], onSilence: waiting.resolve },
    'is gone': {},
  };
  const server = await startMailServer({ tls, isSecure, ...options[temper] });
  const breaking = temper === 'fails' ? await startBreakingServer(() => 1) : null;
  const port = breaking === null ? server.port : (breaking.address() as AddressInfo).port;
  if (temper === 'is gone') await server.stop();
  return {
    channel: smtpChannel(sender, settings(port, { tls: isSecure ? 'always' : 'starttls' })),
    received: () => server.mails.map(({ to, email }) => ({ to, text: email.text ?? '' })),
    keys: () => server.tried,
    waiting: waiting.promise,
    released: async () => void (await until(() => server.connections === 0)),
    stop: async () => {
      breaking?.close();
      if (temper !== 'is gone') await server.stop();
    },
  };
}

contract('SMTP with STARTTLS', (temper) => start(temper, false));
contract('SMTP with TLS', (temper) => start(temper, true));

describe('smtpChannel()', () => {
  const send = (port: number, more: Partial<SmtpSettings> = {}, uid: string = somebody.uid) =>
    smtpChannel(sender, settings(port, more)).send({ kind: 'email', uid }, message, never);

  test('writes one letter, as text and as HTML, that no automaton answers', async () => {
    const server = await startMailServer({ tls, passwords: [key] });
    await send(server.port);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: sender.address, to: [somebody.uid], isSecure: true });
    const { from, to, subject, text, html, headers } = mail?.email ?? {};
    expect({ from, to }).toEqual({
      from: { name: sender.name, address: sender.address },
      to: [{ name: '', address: somebody.uid }],
    });
    expect(subject).toBe('Your code for relay.example.org');
    expect(text).toContain('012345 is your code');
    expect(html).toMatch(/<html lang="en">[\s\S]*012345/);
    const fieldOf = (name: string) => headers?.filter((header) => header.key === name).map(({ value }) => value);
    expect(fieldOf('auto-submitted')).toEqual(['auto-generated']);
    expect(fieldOf('message-id')).toEqual([expect.stringMatching(/^<[\w-]+@relay\.example\.org>$/)]);
    await server.stop();
  });

  test('says no password before the line is secure, and sends nothing if it cannot be', async () => {
    const server = await startMailServer({ passwords: [key] });
    await expect(send(server.port)).rejects.toMatchObject({ problem: 'unreachable' });
    expect(server.tried).toEqual([]);
    await server.stop();
  });

  test('says the password by LOGIN where there is no PLAIN', async () => {
    const server = await startMailServer({ tls, passwords: [key], methods: ['LOGIN'] });
    await send(server.port);
    expect(server.mails).toHaveLength(1);
    expect(server.tried).toEqual([key]);
    await server.stop();
  });

  test('believes nothing that was said before TLS', async () => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      const replies = ['250-hello\r\n250 STARTTLS\r\n', '220 go on\r\n250-hello\r\n250 AUTH PLAIN\r\n'];
      socket.on('error', () => undefined);
      socket.write('220 hello\r\n');
      socket.on('data', () => {
        socket.write(replies.shift() ?? '');
        if (replies.length > 0) return;
        socket.removeAllListeners('data');
        const secure = new TLSSocket(socket, { ...tls, isServer: true });
        secure.on('data', (said) => heard.push(String(said)));
        secure.on('data', () => secure.destroy());
        secure.on('error', () => undefined);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await expect(send((server.address() as AddressInfo).port)).rejects.toMatchObject({ problem: 'unreachable' });
    expect(heard).toEqual([]);
    server.close();
    await once(server, 'close');
  });

  test('sends to an address of other letters than ASCII’s where the server takes it', async () => {
    const [uid, server] = ['jürgen@example.org', await startMailServer({ tls, passwords: [key] })];
    await send(server.port, {}, uid);
    expect(server.mails).toMatchObject([{ to: [uid], email: { to: [{ address: uid }] } }]);
    await server.stop();
    const old = await startBreakingServer(() => Number.POSITIVE_INFINITY);
    const { port } = old.address() as AddressInfo;
    await expect(send(port, { tls: 'none' }, uid)).rejects.toMatchObject({ problem: 'refused' });
    old.close();
    await once(old, 'close');
  });

  test('keeps a dot with which a line begins', async () => {
    const server = await startMailServer({ tls, passwords: [key] });
    await smtpChannel(sender, settings(server.port)).send(somebody, { ...message, code: '..12' }, never);
    expect(server.mails[0]?.email.text).toMatch(/^\.\.12 is your code/);
    await server.stop();
  });

  test.each([false, true])(
    'trusts no certificate that nobody vouches for (TLS from the start: %s)',
    async (isSecure) => {
      const server = await startMailServer({ tls: foreign, isSecure, passwords: [key] });
      const sending = send(server.port, { tls: isSecure ? 'always' : 'starttls' });
      await expect(sending).rejects.toMatchObject({ problem: 'unreachable' });
      expect(server.tried).toEqual([]);
      await server.stop();
    },
  );

  test.each([false, true])('trusts no certificate of another name (TLS from the start: %s)', async (isSecure) => {
    const server = await startMailServer({ tls, isSecure, passwords: [key] });
    const sending = send(server.port, { tls: isSecure ? 'always' : 'starttls', host: '127.0.0.1' });
    await expect(sending).rejects.toMatchObject({ problem: 'unreachable' });
    expect(server.tried).toEqual([]);
    await server.stop();
  });

  test('sends without TLS and password where that is what was said', async () => {
    const server = await startMailServer({ passwords: null });
    await send(server.port, { tls: 'none', user: null, keys: [''], host: '127.0.0.1' });
    expect(server.mails).toMatchObject([{ to: [somebody.uid], isSecure: false }]);
    await server.stop();
  });

  test.each(['recipient', 'letter'] as const)('tells the number with which a server refuses the %s', async (at) => {
    const server = await startMailServer({ tls, passwords: [key], refuse: { at, code: 452 } });
    await expect(send(server.port)).rejects.toMatchObject({ problem: 'refused', status: 452 });
    await server.stop();
  });

  test('ends wherever the line breaks', async () => {
    for (let after = 0; after < replyCount; after++) {
      const server = await startBreakingServer(() => after);
      const { port } = server.address() as AddressInfo;
      await expect(send(port, { tls: 'none' }), `after ${after} replies`).rejects.toMatchObject({
        name: 'DeliveryError',
      });
      server.close();
      await once(server, 'close');
    }
  });

  test('ends where the line breaks on the way to TLS', async () => {
    for (const after of [2, 3]) {
      const server = await startBreakingServer(() => after, ['220 hello', '250-hello\r\n250 STARTTLS', '220 go on']);
      const { port } = server.address() as AddressInfo;
      await expect(send(port), `after ${after} replies`).rejects.toMatchObject({ problem: 'unreachable' });
      server.close();
      await once(server, 'close');
    }
  });

  test('lets go of a server that never greets', async () => {
    const connected = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      connected.resolve();
      socket.on('close', () => closed.resolve());
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const controller = new AbortController();
    const channel = smtpChannel(sender, settings((server.address() as AddressInfo).port));
    const sending = channel.send(somebody, message, controller.signal);
    await connected.promise;
    controller.abort();
    await expect(sending).rejects.toMatchObject({ problem: 'too-slow' });
    await closed.promise;
    server.close();
  });

  test('lets no address become a line, a header, or a second recipient', async () => {
    const server = await startMailServer({ tls, passwords: [key] });
    // None of them comes so far: the normal form excludes most, and Delivery.check() the last.
    for (const uid of [
      'a@example.org\r\nBcc: evil@example.org',
      'a@example.org>\r\nRCPT TO:<evil@example.org',
      'a@example.org, evil@example.org',
      '=?utf-8?q?evil=40example.org?=@example.org',
    ]) {
      await send(server.port, {}, uid).catch(() => undefined);
    }
    for (const { to, email, raw } of server.mails) {
      expect(to).toHaveLength(1);
      expect(email.bcc).toBeUndefined();
      expect(raw).not.toMatch(/^bcc/im);
    }
    await server.stop();
  });
});
