// Errors of commands that a relay is the reason for: what it refuses, what it says that makes no sense, and its silence.

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyPackageClaimResult } from '../../client/wire/key-package.ts';
import { Person, type Running } from '../support/command.ts';
import { type Failing, fail } from '../support/failing-command.ts';
import { createPerson } from '../support/group.ts';
import { type Answer, type RelayProxy, refusal, startProxy } from '../support/proxy.ts';
import { seededRandom } from '../support/random.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let proxy: RelayProxy;
/** Registered through the proxy, and in a group with Ben, as is he. */
let ana: Person;
let ben: Person;
let nobody: Person;
const people: Person[] = [];
const person = (name: string) => {
  const made = new Person(name, proxy);
  people.push(made);
  return made;
};
const inviteOf = async (of: Person) => (await of.do('invite', '--text')).trim();

beforeAll(async () => {
  relay = await startRelay();
  proxy = await startProxy(relay);
  [ana, ben, nobody] = ['ana', 'ben', 'nobody'].map(person) as [Person, Person, Person];
  await Promise.all([ana, ben].map((each) => each.register(relay)));
  await ana.do('contacts', 'add', await inviteOf(ben), '--name', 'Ben');
  await ben.do('contacts', 'add', await inviteOf(ana), '--name', 'Ana');
  await ana.do('group', 'create', 'Holidays', 'Ben');
  await ben.do('listen', '--once');
}, 120_000);
afterAll(async () => {
  for (const each of people) each.end();
  await proxy.stop();
  await relay.stop();
});

/** Listens, and is connected. */
async function listen(who: Person, ...options: string[]): Promise<Running> {
  const before = proxy.greeted;
  const running = who.start('listen', ...options);
  await until(() => proxy.greeted > before);
  return running;
}

/** What the command says while the relay answers this. */
async function whileRelay(request: string, answer: Answer, who: Person, ...failing: readonly Failing[]): Promise<void> {
  proxy.answers.set(request, answer);
  try {
    await fail(who, ...failing);
  } finally {
    proxy.answers.delete(request);
  }
}

const html: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<title>\x1b[31mIt works!</title>');
};
const hostile = { detail: '\x1b]0;owned\x07\u202e', title: '\x1b[2J', type: 'https://evil.example' };
const nonsense = 'The relay gave an answer that makes no sense; try again or use another.';
const unreachable = 'The relay cannot be reached; check your connection and its address.';
const busy = 'Too many requests; wait a while before the next.';
const failed = 'The relay failed; nothing was lost. Try again.';
const kept = 'Not sent yet: it is kept and goes out with the next command that connects, so do not send it again.';

describe('register', () => {
  const asking: readonly (readonly [answer: Answer, sentence: string])[] = [
    [refusal('rate-limited', { retryAfter: 60 }), busy],
    [
      refusal('challenge-too-soon', hostile),
      'Codes were sent to this address lately; wait a while before you ask for another.',
    ],
    [refusal('challenge-undeliverable'), 'The code could not be sent; try again, or use another address.'],
    [
      refusal('channel-unavailable'),
      'This relay cannot send codes to this kind of address; register with another one.',
    ],
    [refusal('internal-error', hostile), failed],
    [refusal('malformed'), 'The relay does not understand this version of Cliquet; update it, or use another relay.'],
    [
      refusal('unsupported-media-type'),
      'The relay does not understand this version of Cliquet; update it, or use another relay.',
    ],
    [refusal('not-found'), 'There is no relay at this address; check it.'],
    [html, nonsense],
    [(response) => response.writeHead(404).end('\x1b[31mno'), nonsense],
    [(response) => response.writeHead(302, { location: 'http://127.0.0.1:1' }).end(), unreachable],
    [(response) => response.destroy(), unreachable],
    [
      (response) => {
        response.writeHead(202, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ challenge: 'x', expires: 9e9, hrids: [Buffer.alloc(32).toString('base64url')] }));
      },
      `${nonsense} (another HRID)`,
    ],
    [(response) => response.end('x'.repeat(3_000_000)), nonsense],
  ];
  it('when the relay sends no code', async () => {
    for (const [answer, sentence] of asking) {
      await whileRelay('POST /v1/registrations', answer, nobody, ['register x@example.org', sentence]);
    }
    await fail(
      nobody,
      ['register x@example.org --relay http://127.0.0.1:9', unreachable],
      ['register x@y', 'This is neither an e-mail address nor a phone number in international form (+…); check it.'],
      ['register x@example.org', 'There was no code on standard input; run it in a terminal, or write the code there.'],
    );
    expect(existsSync(nobody.env.CLIQUET_STORE ?? '')).toBe(false);
  }, 120_000);

  it('when it does not take the answer', async () => {
    const eve = person('eve');
    const answered: readonly (readonly [answer: Answer, sentence: string])[] = [
      [refusal('challenge-expired'), 'The code has expired; register again to get a new one.'],
      [refusal('challenge-exhausted'), 'Too many wrong answers; register again to get a new code.'],
      [refusal('challenge-unknown'), 'The relay does not know of this registration any more; register again.'],
      [refusal('stale-signature'), 'The clock of this device is wrong; set it, then try again.'],
      [refusal('bad-signature'), "The relay does not accept this client's signature; unregister, then register again."],
      [refusal('challenge-wrong'), 'That was not the code; run it again when you have the right one.'],
    ];
    for (const [i, [answer, sentence]] of answered.entries()) {
      const command = `register eve${i}@example.org`;
      await whileRelay('PUT /v1/registrations', answer, eve, [command, sentence, { input: '123456\n' }]);
    }
    // Whoever the relay may know keeps the store.
    expect(existsSync(eve.env.CLIQUET_STORE ?? '')).toBe(true);
    await fail(eve, [
      'register eve@example.org',
      'The store at ~/store.db belongs to another relay; name a new one with --store FILE, or say neither --relay nor CLIQUET_RELAY.',
      { env: { CLIQUET_RELAY: relay.url } },
    ]);
    const unknown = 'You are not registered with the relay; type: cliquet register you@example.org';
    await fail(
      eve,
      ['invite', unknown],
      ['listen', unknown],
      [`group create x ${await inviteOf(ana)}`, unknown],
      ['unregister --yes', 'You are not registered, so there is nothing to end.'],
    );
  }, 120_000);
});

describe('a registered client', () => {
  const claims = 'POST /v1/key-packages/claim';
  const tickets = 'POST /v1/tickets';

  it('founds no group', async () => {
    const results = (result: KeyPackageClaimResult['results'][number]): Answer => {
      const bytes = KeyPackageClaimResult.encode({ results: [result] });
      return (response) => response.end(bytes);
    };
    const founding: readonly (readonly [answer: Answer, sentence: string])[] = [
      [refusal('rate-limited', hostile), busy],
      [refusal('internal-error'), failed],
      [refusal('mailbox-full'), 'Too much is waiting to be delivered; wait until the others have connected.'],
      [refusal('too-large'), 'This is more than the relay takes at once; send it in parts.'],
      [(response) => response.destroy(), unreachable],
      [html, nonsense],
      [
        // A package that somebody else has signed.
        results({ package: (await createPerson(seededRandom('forged'), 'mallory')).uploaded, code: null }),
        'The relay gave a forged key for one of them; compare safety numbers before you trust it again.',
      ],
      [
        results({ package: null, code: 'no-key-package' }),
        'One of them has to connect once before they can be in a group; ask them to type: cliquet listen',
      ],
      [
        results({ package: null, code: 'unregistered' }),
        'One of them is not registered with the relay any more; ask for a new invite.',
      ],
    ];
    for (const [answer, sentence] of founding) await whileRelay(claims, answer, ana, ['group create x Ben', sentence]);
    expect(await ana.do('group', 'list')).not.toMatch(/ x$/m);
  }, 60_000);

  it('sends later what the relay does not take now', async () => {
    const sending = 'send Holidays x --timeout 1';
    await whileRelay(tickets, refusal('rate-limited', hostile), ana, [sending, `${kept} ${busy}`]);
    await whileRelay(tickets, refusal('internal-error'), ana, [sending, `${kept} ${failed}`]);
    await whileRelay(tickets, html, ana, [sending, `${kept} ${nonsense}`]);
    await whileRelay(tickets, (response) => response.destroy(), ana, [sending, `${kept} ${unreachable}`]);
    await whileRelay(tickets, refusal('origin-refused'), ana, [
      sending,
      `${kept} The relay did not let this client in; ask who runs it.`,
    ]);
    await whileRelay(tickets, refusal('ticket-invalid'), ana, [
      sending,
      `${kept} The relay did not let this client in; try again.`,
    ]);
    await whileRelay(tickets, refusal('bad-signature'), ana, [
      'listen --once',
      "The relay does not accept this client's signature; unregister, then register again.",
    ]);
    await whileRelay(tickets, refusal('not-registered'), ana, [
      'group timer Holidays 7d',
      `${kept} You are not registered with the relay; type: cliquet register you@example.org`,
    ]);
    proxy.answers.set(tickets, refusal('rate-limited'));
    expect(await ana.do('status')).toMatch(/Relay +http:\S+ {2}Too many requests; wait a while before the next\.\n/);
    expect(JSON.parse(await ana.do('status', '--json'))).toMatchObject({
      problem: 'rate-limited',
      connection: 'offline',
    });
    proxy.answers.delete(tickets);
    proxy.isDeaf = true;
    await fail(ana, [
      sending,
      `${kept} The relay has taken nothing for 1 second; wait a minute, then type: cliquet status`,
    ]);
    proxy.isDeaf = false;
    await ana.do('send', 'Holidays', 'the last one');
    expect((await ben.do('listen', '--once')).match(/: x$/gm)).toHaveLength(7);
  }, 120_000);

  it('is told once more when the relay has lost it', async () => {
    const before = join(ana.folder, 'before');
    const dora = person('dora');
    await dora.register(relay);
    copyFileSync(dora.env.CLIQUET_STORE ?? '', before);
    await whileRelay('DELETE /v1/registrations', refusal('rate-limited'), dora, ['unregister --yes', busy]);
    await whileRelay('DELETE /v1/registrations', (response) => response.destroy(), dora, [
      'unregister --yes',
      unreachable,
    ]);
    const invite = await inviteOf(dora);
    await dora.do('unregister', '--yes');
    const unknown = 'You are not registered with the relay; type: cliquet register you@example.org';
    copyFileSync(before, dora.env.CLIQUET_STORE ?? '');
    await fail(dora, ['listen', unknown], ['listen --once', unknown]);
    await fail(ana, [
      `group create x ${invite}`,
      'One of them is not registered with the relay any more; ask for a new invite.',
    ]);
  }, 60_000);

  it('is told when its store was copied, and which of the two is too old', async () => {
    const copy = person('copy');
    const [own, theirs] = [ben.env.CLIQUET_STORE ?? '', copy.env.CLIQUET_STORE ?? ''];
    copyFileSync(own, theirs);
    const env = { CLIQUET_PASSPHRASE: ben.env.CLIQUET_PASSPHRASE };
    const listening = await listen(ben, '--json');
    const ended = listening.end();
    const { status } = await copy.run(['send', 'Holidays', 'from the copy'], { env });
    expect(status).toBe(0);
    expect(await ended).toBe(1);
    expect(listening.stderr).toBe(
      'cliquet: Another program has connected as you, with a copy of this store; end it, then try again.\n',
    );
    const kept = "Kept for Holidays; it goes out when the group's keys are in order here\n";
    expect(await ben.do('send', 'Holidays', 'said from an old store')).toContain(kept);
    expect(await ben.do('listen', '--once')).toContain(
      'Warning: this store is older than what was sent from it; nothing is sent in this group from here until its members have let it in again, which it asks for by itself. Each says again, as far as it can, what it has said since; nobody does that for those who have gone.\n',
    );
    expect(await ben.do('send', 'Holidays', 'and again')).toContain(kept);
  }, 60_000);

  it('waits for a relay that is gone, and goes on when it is back', async () => {
    const listening = await listen(ana);
    await relay.stop();
    await listening.told(`${unreachable} Trying again …`);
    expect(await listening.stop('SIGTERM')).toBe(143);
    await fail(
      ana,
      ['send Holidays x --timeout 1', `${kept} ${unreachable}`],
      ['group create x Ben', unreachable],
      ['unregister --yes', unreachable],
    );
    expect(await ana.do('send', 'Holidays', 'later', '--no-wait')).toMatch(
      /Kept for Holidays; it goes out with the next/,
    );
    expect(await ana.do('status')).toContain(unreachable);
  }, 60_000);
});
