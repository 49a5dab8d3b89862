// The relay as tests inside workerd reach it: without a network.

import { env, exports } from 'cloudflare:workers';
import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Mac } from '../../worker/names.ts';
import { readSettings } from '../../worker/settings.ts';
import type { Client, Relay } from './request.ts';
import { TestStream } from './stream.ts';

const url = 'http://127.0.0.1';

export const inside: Relay = {
  url,
  fetch: (request) => exports.default.fetch(request),
  inbox: async (address) => {
    const response = await exports.default.fetch(`${url}/dev/inbox?address=${encodeURIComponent(address)}`);
    const { codes } = await response.json<{ codes: { code: string }[] }>();
    return codes[0]?.code ?? '';
  },
};

/** The object behind a client. */
export async function mailboxOf({ hrid }: Pick<Client, 'hrid'>) {
  return env.MAILBOX.getByName(await new Mac(readSettings(env).secrets.pepper).name('mailbox', hrid));
}

/** A client's stream, opened with a new ticket. */
export async function connectInside(client: Client): Promise<TestStream> {
  const protocols = `${streamProtocol}, ${ticketProtocolPrefix}${await client.ticket()}`;
  const headers = { upgrade: 'websocket', 'sec-websocket-protocol': protocols };
  const { webSocket } = await exports.default.fetch(url + routes.stream, { headers });
  if (!webSocket) throw new Error('no socket');
  const stream = new TestStream(webSocket);
  webSocket.accept();
  return stream;
}

/** The numbers of the entries that came over a stream. */
export function seqsOf({ frames }: TestStream): number[] {
  return frames.flatMap((frame) => (frame.type === 'entry' ? frame.entry.seq : []));
}

/** Messages first … last for a client, of a sender whose own mailbox is not there. */
export async function deliverInside(client: Client, first: number, last: number, name = 'x'): Promise<void> {
  const items = Array.from({ length: last - first + 1 }, (_, i) => ({
    ...{ n: first + i, gap: null, expires: 2 ** 40, header: new Uint8Array() as Bytes },
    body: encodeUtf8(`${name}.${first + i}`),
  }));
  const from = { sender: new Uint8Array(32), senderEpoch: new Uint8Array(16), recipientEpoch: null };
  await (await mailboxOf(client)).deliver({ ...from, items });
}
