// Codes that are really sent, on every host: by SMTP to a real server, in the providers' formats, by Workers' own binding as
// workerd has it locally. What is found in the message completes a registration.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client as MessengerClient, memoryStore } from '../../client/index.ts';
import { routes } from '../../client/wire/routes.ts';
import { createCertificate } from '../demo/certificate.ts';
import { Post } from '../support/channel-relay.ts';
import { Person } from '../support/command.ts';
import { codeIn, mailUser, replyCount, startBreakingServer, startMailServer } from '../support/mail-server.ts';
import { hostNames, type TestRelay } from '../support/relay.ts';
import { Client, challengeShape, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

// Each starts a relay of its own.
vi.setConfig({ testTimeout: 120_000 });

let post: Post;
beforeAll(async () => {
  post = await Post.open();
});
afterAll(() => post.close());

/** Asks for a code, looks for it, and registers with it. */
async function register(relay: TestRelay, codeOf: (uid: string) => string | undefined, uid?: string): Promise<void> {
  const client = new Client(relay, uid);
  const { challenge } = await client.challenge();
  const code = codeOf(client.uid) ?? 'there is none';
  expect(code).toMatch(/^\d{6}$/);
  expect((await client.answer(challenge, code)).status).toBe(200);
}

const provided = (uid: string) => post.provided(uid);
const number = () => `+4179${String(Math.random()).slice(2, 9)}`;

describe.each(hostNames)('codes on %s', (host) => {
  afterEach(() => post.stopRelays());

  test('go out by SMTP with STARTTLS, where the provider before it fails', async () => {
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'resend,smtp' });
    post.answer = () => 401;
    await register(relay, (uid) => post.mail.code(uid));
    const mail = post.mail.mails.at(-1);
    expect(mail).toMatchObject({ from: 'codes@relay.example.org', isSecure: true });
    expect(mail?.email.text?.trimEnd()).toMatch(/\n@localhost #\d{6}$/);
    const failures = relay.logs.filter((line) => line.includes('challenge-failed'));
    expect(failures.map((line) => JSON.parse(line))).toEqual([
      { event: 'challenge-failed', channel: 'resend', error: 'unauthorised', status: 401 },
    ]);
    const info = (await (await fetch(relay.url + routes.info)).json()) as { channels: string[] };
    expect(info.channels).toEqual(['email', 'phone']);
  });

  test('go out by SMTP with TLS from the start', async () => {
    const url = `smtps://${mailUser}@localhost:${post.secureMail.port}`;
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'smtp', SMTP_URL: url });
    await register(relay, (uid) => post.secureMail.code(uid));
  });

  // What a runtime does faster once it is warm may come in another order.
  test('go out by SMTP again and again', async () => {
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'smtp' });
    for (let i = 0; i < 24; i++) await register(relay, (uid) => post.mail.code(uid));
    expect(relay.logs.filter((line) => line.includes('challenge-failed'))).toEqual([]);
  });

  test('register several vaults with one of them', async () => {
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'smtp' });
    const { uid } = new Client(relay);
    const vaults = [new Client(relay, uid), new Client(relay, uid), new Client(relay, uid)] as const;
    const before = post.mail.mails.length;
    const { challenge } = await vaults[0].challenge(vaults.map(({ vault }) => vault));
    expect(post.mail.mails).toHaveLength(before + 1);
    const code = post.mail.code(uid) ?? '';
    for (const vault of vaults) expect((await vault.answer(challenge, code)).status).toBe(200);
  });

  test('go out all the same where a server hangs up, wherever it does, or says nothing more', {
    timeout: 60_000,
  }, async () => {
    let after = 0;
    let isSilent = false;
    const server = await startBreakingServer(
      () => after,
      [],
      () => isSilent,
    );
    const { port } = server.address() as AddressInfo;
    const url = `smtp://${mailUser}@127.0.0.1:${port}?tls=none`;
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'smtp,resend', SMTP_URL: url });
    post.answer = () => 200;
    for (; after < replyCount; after++) await register(relay, provided);
    after = 2;
    isSilent = true;
    await register(relay, provided);
    const failures = relay.logs.filter((line) => line.includes('challenge-failed')).map((line) => JSON.parse(line));
    expect(failures).toHaveLength(replyCount + 1);
    expect(failures.at(-1)).toEqual({ event: 'challenge-failed', channel: 'smtp', error: 'too-slow' });
    server.close();
  });

  test('go to no server, and no password does, whose certificate nobody vouches for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cliquet-stranger-'));
    const files = await createCertificate(folder);
    const tls = { key: await readFile(files.key, 'utf8'), cert: await readFile(files.cert, 'utf8') };
    const plain = await startMailServer({ tls, passwords: ['sesame'] });
    const secure = await startMailServer({ tls, isSecure: true, passwords: ['sesame'] });
    for (const url of [`smtp://${mailUser}@localhost:${plain.port}`, `smtps://${mailUser}@localhost:${secure.port}`]) {
      const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'smtp', SMTP_URL: url });
      const refusal = await readProblem(await new Client(relay).requestChallenge());
      expect(refusal).toMatchObject({ code: 'challenge-undeliverable' });
    }
    expect([...plain.tried, ...secure.tried, ...plain.mails, ...secure.mails]).toEqual([]);
    for (const server of [plain, secure]) await server.stop();
    await rm(folder, { recursive: true });
  });

  test('go nowhere, and are kept apart from the log, while every channel fails', async () => {
    const relay = await post.startRelay(host, { EMAIL_CHANNELS: 'resend,postmark', CHALLENGE_RESEND_SECONDS: '30' });
    const client = new Client(relay);
    for (const status of [422, 503]) {
      post.answer = () => status;
      expect(await readProblem(await client.requestChallenge())).toMatchObject({
        status: 502,
        code: 'challenge-undeliverable',
      });
    }
    // That used up nothing: the next request is sent, by the second of the two, and registers.
    post.answer = ({ target }) => (target === 'POST /emails' ? 503 : 200);
    await register(relay, provided, client.uid);
    expect(post.provider.calls.at(-1)?.target).toBe('POST /email');
    expect(await readProblem(await client.requestChallenge())).toMatchObject({ code: 'challenge-too-soon' });
    const logs = relay.logs.join('\n');
    expect(logs).toContain('"channel":"postmark","error":"refused","status":422');
    expect(logs).not.toMatch(/example\.org|re_key|postmark-key/);
  });

  test('go out as text messages to allowed prefixes, so many a day, also after a crash', async () => {
    const limits = { SMS_PER_PREFIX_PER_DAY: '2' };
    const relay = await post.startRelay(host, { PHONE_CHANNELS: 'twilio', ...limits });
    post.answer = () => 201;
    const ask = async (uid: string) => readProblem(await new Client(relay, uid).requestChallenge());
    for (let i = 0; i < 2; i++) await register(relay, provided, number());
    const { length } = post.provider.calls;
    expect(await ask(number())).toMatchObject({ code: 'challenge-undeliverable', retryAfter: expect.any(Number) });
    expect(await ask('+8821234567')).toMatchObject({ code: 'channel-unavailable' });
    await relay.crash();
    expect(await ask(number())).toMatchObject({ code: 'challenge-undeliverable' });
    expect(post.provider.calls).toHaveLength(length);
    await register(relay, provided, `+336${String(Math.random()).slice(2, 10)}`);
    expect(relay.logs.join('\n')).not.toMatch(/4179|token/);
  });
});

describe("Workers' own binding", () => {
  afterEach(() => post.stopRelays());

  test('takes a letter', async () => {
    const relay = await post.startRelay('workerd', { EMAIL_CHANNELS: 'cloudflare' });
    const client = new Client(relay);
    const { challenge } = await client.challenge();
    const letter = await until(async () => (await post.bound())[0]);
    expect(letter).toMatch(/\n\n@localhost #\d{6}\n$/);
    expect((await client.answer(challenge, codeIn(letter) ?? '')).status).toBe(200);
    // Whom it knows now, and whom it does not, it answers alike.
    const [seen, unseen] = [await client.requestChallenge(), await new Client(relay).requestChallenge()];
    expect(await challengeShape(seen)).toEqual(await challengeShape(unseen));
  });
});

describe('the language of a letter', () => {
  let relay: TestRelay;
  beforeAll(async () => {
    relay = await post.startRelay('node', { EMAIL_CHANNELS: 'smtp' });
  });
  const subjectTo = (uid: string) => post.mail.mails.find(({ to }) => to.includes(uid))?.email.subject;

  test.each([
    [{ LANG: 'fr_CH.UTF-8' }, 'Votre code pour localhost'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'fr_FR.UTF-8' }, 'Votre code pour localhost'],
    [{ LANG: 'de_DE.UTF-8' }, 'Your code for localhost'],
    [{ LANG: 'C' }, 'Your code for localhost'],
  ])("is that of the command's terminal: %j", async (env, subject) => {
    const { uid } = new Client(relay);
    // It gives up, as nobody types a code.
    await new Person('Ann', relay, env).run(['register', uid]);
    expect(subjectTo(uid)).toBe(subject);
  });

  test('is what the application says', async () => {
    const client = await MessengerClient.open({ relay: relay.url, store: memoryStore(), connect: false });
    const { uid } = new Client(relay);
    const registering = client.register(uid, () => null, { language: 'fr-BE' });
    await expect(registering).rejects.toMatchObject({ code: 'registration-cancelled' });
    expect(subjectTo(uid)).toBe('Votre code pour localhost');
    await client.close();
  });
});
