// Founding groups with real clients over a real relay, and the key packages that it takes.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tables } from '../../client/state/records.ts';
import { decodeBase64Url } from '../../client/wire/bytes.ts';
import { decodeInvite, encodeInvite } from '../../client/wire/invite.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

/** For what many clients do in one process. */
const patienceMs = 60_000;

let relay: TestRelay;
let open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => closeAll(open.splice(0)));
afterAll(() => relay.stop());

async function register(name: string, count: number): Promise<[Device, Device, ...Device[]]> {
  open = await registerDevices(relay, name, count);
  return open as [Device, Device, ...Device[]];
}

describe('createGroup()', () => {
  it('refuses rosters that cannot be, and keeps nothing of them', async () => {
    const [a, b] = await register('refused', 2);
    const { client } = a;
    const invite = b.client.invite();
    const decoded = decodeInvite(invite);
    const elsewhere = encodeInvite({ ...decoded, relay: 'https://relay.example' });
    const cases = [
      [[], 'group-size'],
      [[client.invite()], 'duplicate-member'],
      [[invite, invite], 'duplicate-member'],
      [['cliquet:nonsense'], 'invite-invalid'],
      [[elsewhere], 'other-relay'],
      [[encodeInvite({ ...decoded, hrid: new Uint8Array(32).fill(7) })], 'unregistered'],
      [
        Array.from({ length: 256 }, (_, i) => encodeInvite({ ...decoded, hrid: new Uint8Array(32).fill(i) })),
        'group-size',
      ],
    ] as const;
    for (const [invites, code] of cases) {
      await expect(client.createGroup(invites)).rejects.toMatchObject({ code });
    }
    await expect(client.createGroup([invite], { name: 'x'.repeat(129) })).rejects.toThrow(RangeError);
    expect(client.groups).toEqual([]);
    expect(await a.nextSend()).toBe(1);
    // A mistyped own invite is no contact.
    expect(a.keys('contacts').map((key) => key.slice(-43))).not.toContain(a.hrid);
  });

  it('refuses a known client that comes with another key', async () => {
    const [a, b, c] = (await register('conflict', 3)) as [Device, Device, Device];
    await a.client.addContact(b.client.invite());
    const forged = encodeInvite({ ...decodeInvite(b.client.invite()), pk: decodeInvite(c.client.invite()).pk });
    await expect(a.client.addContact(forged)).rejects.toMatchObject({ code: 'identity-conflict' });
    await expect(a.client.createGroup([forged])).rejects.toMatchObject({ code: 'identity-conflict' });
  });

  it('refuses a key package that the invite’s key has not signed', async () => {
    const [a, b, c] = (await register('forged', 3)) as [Device, Device, Device];
    const forged = encodeInvite({ ...decodeInvite(b.client.invite()), pk: decodeInvite(c.client.invite()).pk });
    await expect(a.client.createGroup([forged])).rejects.toMatchObject({ code: 'key-package-invalid' });
    expect(a.client.groups).toEqual([]);
  });

  it('says so when a client has left no key package', async () => {
    const [a, b] = await register('bare', 2);
    const { relay: asked, as } = b.credentials();
    await b.client.close();
    await asked.uploadKeyPackages(as, { replace: true, oneTime: [], lastResort: null });
    await expect(a.client.createGroup([b.client.invite()])).rejects.toMatchObject({ code: 'no-key-package' });
  });

  it('is refused before registration', async () => {
    const [a] = await register('before', 1);
    const nobody = await Device.open(relay);
    open.push(nobody);
    await expect(nobody.client.createGroup([a.client.invite()])).rejects.toMatchObject({ code: 'not-registered' });
  });

  it('of two works as any other', async () => {
    const [a, b] = await register('pair', 2);
    await foundGroupOf([a, b], 'Pair');
    await a.group.send('ping');
    await b.read(1);
    await b.group.send('pong');
    await a.event('confirmed');
    expect(b.group.members.map(({ role, isSelf }) => [role, isSelf])).toEqual([
      ['admin', false],
      ['member', true],
    ]);
    expect(b.group.name).toBe('Pair');
  });

  it('of seventeen: messages in a row are light, and the group heals all the same', async () => {
    const devices = await register('seventeen', 17);
    await foundGroupOf(devices);
    const [a, b] = devices;
    const wait = (isDone: (device: Device) => boolean) =>
      Promise.all(devices.map((device) => until(() => isDone(device), patienceMs)));
    // Whoever is new contributes some seconds later, unless it has spoken by then: between what is said in a row, too.
    for (const device of devices) await device.group.send('hello');
    await wait(({ texts }) => texts.length === 16);
    for (let i = 0; i < 3; i++) await a.group.send(`${i}`);
    await wait((device) => device === a || device.texts.length === 19);
    const steps = b.all('message').filter(({ sender }) => sender === a.hrid);
    expect(steps.map(({ step }) => step.leaf !== null)).toEqual([true, true, false, false]);
    await b.group.send('answer');
    await wait((device) => device === b || device.texts.includes('answer'));
    const answer = devices[2]?.all('message').findLast(({ sender }) => sender === b.hrid);
    expect(answer?.step.leaf).not.toBeNull();
    expect(new Set(devices.map(({ group }) => group.safetyNumber())).size).toBe(1);
  }, 180_000);
});

describe('key packages', () => {
  it('are topped up once fewer than ten are left, and each secret goes when it was used', async () => {
    const [target, ...founders] = await register('topped', 12);
    const ids = new Set(target.keys('keyPackages'));
    expect(ids.size).toBe(21);
    const { relay: asked, as } = target.credentials();
    const stock = async () => (await asked.readQueue(as, null)).hello.keyPackages;
    expect(await stock()).toBe(20);
    for (const founder of founders) {
      await founder.client.createGroup([target.client.invite()]);
      await until(() => target.client.groups.length > founders.indexOf(founder));
    }
    await until(async () => (await stock()) === 20);
    await target.client.settled();
    const kept = target.keys('keyPackages');
    const used = [...ids].filter((id) => !kept.includes(id));
    expect(used).toHaveLength(11);
    // Those that were replaced without being used may still have been claimed.
    expect(kept).toHaveLength(9 + 20 + 2);
  }, 60_000);

  it('of last resort are replaced once they have served, and kept for 48 hours more', async () => {
    const [target, founder] = await register('last', 2);
    const lastResort = () =>
      [...target.store.entries()]
        .filter(([key]) => key.startsWith(`${tables.keyPackages.name}/`))
        .map(([, value]) => tables.keyPackages.struct.decode(value))
        .filter(({ kind }) => kind === 'last-resort')
        .map(({ expires }) => Math.round((expires - Date.now() / 1000) / 3600));
    expect(lastResort()).toEqual([90 * 24 - 1]);
    // One claimer gets one one-time package of a mailbox in an hour.
    await founder.client.createGroup([target.client.invite()]);
    await founder.client.createGroup([target.client.invite()]);
    await until(() => target.client.groups.length === 2);
    const { relay: asked, as } = target.credentials();
    await until(async () => (await asked.readQueue(as, null)).hello.lastResortFresh);
    await until(() => lastResort().length === 2);
    expect(lastResort().sort((x, y) => x - y)).toEqual([48, 90 * 24 - 1]);
  });

  it('are replaced before they end', async () => {
    const days = 24 * 3600 * 1000;
    let offset = 0;
    const target = await Device.register(relay, 'ending', { now: () => Date.now() + offset });
    open = [target];
    const claimer = await Device.register(relay, 'ending-claimer');
    open.push(claimer);
    offset = 50 * days;
    await target.reopen();
    await target.client.settled();
    expect(target.keys('keyPackages')).toHaveLength(21);
    offset = 70 * days;
    await target.reopen();
    await target.client.settled();
    expect(target.keys('keyPackages')).toHaveLength(42);
    const { relay: asked, as } = claimer.credentials();
    const { results } = await asked.claimKeyPackages(as, {
      id: new Uint8Array(16),
      hrids: [decodeBase64Url(target.hrid)],
    });
    expect(results[0]?.package).not.toBeNull();
    const { hello } = await (({ relay: own, as: owner }) => own.readQueue(owner, null))(target.credentials());
    expect(hello.keyPackages).toBe(19);
  });
});

describe('a person with two devices', () => {
  it('is two members of the group: either says what the other hears too, also while one is away', async () => {
    const [phone, laptop, friend] = (await register('devices', 3)) as [Device, Device, Device];
    await foundGroupOf([friend, phone, laptop]);
    await friend.group.send('to both');
    await Promise.all([phone.read(1), laptop.read(1)]);
    await laptop.client.settled();
    await laptop.client.close();
    await phone.group.send('from the phone');
    await friend.read(1);
    await laptop.reopen();
    expect(await laptop.read(2)).toEqual(['to both', 'from the phone']);
    await laptop.group.send('from the laptop');
    expect(await phone.read(2)).toEqual(['to both', 'from the laptop']);
    expect(await friend.read(2)).toEqual(['from the phone', 'from the laptop']);
    expect(new Set([phone, laptop, friend].map(({ group }) => group.safetyNumber())).size).toBe(1);
    expect([phone, laptop, friend].flatMap((device) => device.all('refused'))).toEqual([]);
  });
});
