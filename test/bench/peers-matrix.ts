// Megolm by matrix-sdk-crypto-wasm: one key that advances by itself, and is handed to each of the others' devices over a
// session of its own. It does not heal. The server is played here: it keeps the keys that are uploaded, and hands them on.

import {
  DecryptionSettings,
  DeviceId,
  DeviceLists,
  EncryptionSettings,
  initAsync,
  OlmMachine,
  RoomId,
  UserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import { at } from '../support/chat.ts';
import { type Peer, type PeerGroup, paddedBytes } from './peer.ts';

const room = '!bench:example.org';
const device = 'DEVICE';
const eventType = 'm.room.message';
/** `RequestType` of the library. */
const types = { upload: 0, query: 1, claim: 2, toDevice: 3 } as const;
/** `TrustRequirement.Untrusted`: whoever it is. */
const untrusted = 0;

interface Uploaded {
  readonly device_keys: object;
  readonly one_time_keys: Readonly<Record<string, object>>;
}

interface ToDevice {
  readonly messages: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

interface User {
  readonly name: string;
  readonly machine: OlmMachine;
  readonly keys: Uploaded;
}

export async function matrixPeers(): Promise<Peer[]> {
  await initAsync();
  return [{ name: 'matrix-sdk-crypto, Megolm', heals: false, setup }];
}

async function createUser(i: number): Promise<User> {
  const name = `@member${i}:example.org`;
  const machine = await OlmMachine.initialize(new UserId(name), new DeviceId(device));
  const request = (await machine.outgoingRequests()).find(({ type }) => type === types.upload);
  if (request === undefined) throw new TypeError('expected an upload of keys');
  const keys = JSON.parse(request.body) as Uploaded;
  const counts = { one_time_key_counts: { signed_curve25519: Object.keys(keys.one_time_keys).length } };
  await machine.markRequestAsSent(request.id, types.upload, JSON.stringify(counts));
  return { name, machine, keys };
}

/** Tells a user of the others' devices, and takes one key of each of them. */
async function meet({ machine }: User, others: readonly User[]): Promise<void> {
  const names = () => others.map(({ name }) => new UserId(name));
  const byUser = (of: (user: User) => object) =>
    Object.fromEntries(others.map((user) => [user.name, { [device]: of(user) }]));
  await machine.updateTrackedUsers(names());
  for (const request of await machine.outgoingRequests()) {
    const answer = { device_keys: byUser(({ keys }) => keys.device_keys), failures: {} };
    if (request.type === types.query) await machine.markRequestAsSent(request.id, types.query, JSON.stringify(answer));
  }
  const missing = await machine.getMissingSessions(names());
  if (missing === null) return;
  const oneOf = ({ keys }: User) => Object.fromEntries(Object.entries(keys.one_time_keys).slice(0, 1));
  await machine.markRequestAsSent(
    missing.id,
    types.claim,
    JSON.stringify({ one_time_keys: byUser(oneOf), failures: {} }),
  );
}

async function setup(members: number): Promise<PeerGroup> {
  const [sender, ...others] = await Promise.all(Array.from({ length: members }, (_, i) => createUser(i)));
  if (sender === undefined) throw new RangeError('"members" expected at least two');
  const receiver = at(others, 0);
  await meet(sender, others);
  await meet(receiver, [sender]);

  const share = async () => {
    const names = others.map(({ name }) => new UserId(name));
    let [uploaded, downloaded] = [0, 0];
    for (const request of await sender.machine.shareRoomKey(new RoomId(room), names, new EncryptionSettings())) {
      uploaded += request.body.length;
      const content = (JSON.parse(request.body) as ToDevice).messages[receiver.name]?.[device];
      if (content !== undefined) {
        const events = JSON.stringify([{ sender: sender.name, type: 'm.room.encrypted', content }]);
        downloaded = JSON.stringify(content).length;
        const settings = new DecryptionSettings(untrusted);
        await receiver.machine.receiveSyncChanges(events, new DeviceLists(), new Map(), undefined, settings);
      }
      await sender.machine.markRequestAsSent(request.id, types.toDevice, '{}');
    }
    return { uploaded, downloaded };
  };
  await share();
  let sent = 0;
  return {
    async send(text) {
      const padded = JSON.stringify({ body: text.padEnd(paddedBytes - JSON.stringify({ body: '' }).length) });
      const content = await sender.machine.encryptRoomEvent(new RoomId(room), eventType, padded);
      return { uploaded: content.length, downloaded: content.length, parts: [Buffer.from(content)] };
    },
    async receive({ parts }) {
      const event = {
        ...{ type: 'm.room.encrypted', sender: sender.name, room_id: room },
        ...{ event_id: `$${sent++}:example.org`, origin_server_ts: 1_800_000_000_000 },
        content: JSON.parse(Buffer.from(at(parts, 0)).toString()) as unknown,
      };
      const settings = new DecryptionSettings(untrusted);
      const opened = await receiver.machine.decryptRoomEvent(JSON.stringify(event), new RoomId(room), settings);
      return (JSON.parse(opened.event) as { content: { body: string } }).content.body.trimEnd();
    },
    answer: async () => undefined,
    async rekey() {
      await sender.machine.invalidateGroupSession(new RoomId(room));
      return share();
    },
  };
}
