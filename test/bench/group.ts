// The groups that are let loose: clients of the relay, and those of the bare worker beside it. An answer that should not
// come is thrown where nobody catches it, and so ends the run.

import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Client, type Relay, randomBytes } from '../support/request.ts';
import { Answers, type Group } from './load.ts';

const bodyBytes = 1024;

/** A group of the relay's clients, each with a stream. */
export interface RelayGroup extends Group {
  /** Messages that its recipients were given so far. */
  readonly received: number;
}

export async function openRelayGroup(relay: Relay): Promise<RelayGroup> {
  const [sender, ...recipients] = [
    await Client.register(relay),
    await Client.register(relay),
    await Client.register(relay),
  ];
  const answers = new Answers();
  let batch = 1;
  let received = 0;
  for (const recipient of recipients) {
    let epoch = randomBytes(0);
    let acked = 0;
    const socket = await openStream(recipient, (frame) => {
      if (frame.type === 'hello') epoch = frame.hello.epoch;
      if (frame.type !== 'entry') return;
      received++;
      const { seq } = frame.entry;
      if (seq - acked < batch) return;
      acked = seq;
      socket.send(ClientFrame.encode({ type: 'ack', ack: { epoch, seq } }));
    });
  }
  const socket = await openStream(sender, (frame) => {
    if (frame.type === 'accepted') answers.accepted(frame.accepted.n);
    if (frame.type === 'delivered') answers.acknowledged(frame.delivered.n);
  });
  return {
    get received() {
      return received;
    },
    acknowledgeBy(size) {
      batch = size;
    },
    send(way) {
      const sent = answers.expect(sender.next);
      const body = randomBytes(bodyBytes);
      if (way === 'http') {
        void sender.send(recipients, body).then(({ n }) => answers.accepted(n));
      } else {
        socket.send(ClientFrame.encode({ type: 'send', send: sender.message(recipients, body) }));
        sender.next++;
      }
      return sent;
    },
  };
}

/** Unlike a TestStream, it hands each frame on at once. */
async function openStream(client: Client, onFrame: (frame: ServerFrame) => void): Promise<WebSocket> {
  const protocols = [streamProtocol, ticketProtocolPrefix + (await client.ticket())];
  return openSocket(client.url + routes.stream, protocols, (data) => {
    if (!(data instanceof ArrayBuffer)) throw new Error('the relay sends text');
    const frame = ServerFrame.decode(new Uint8Array(data));
    if (frame.type === 'problem') throw new Error(`the relay refuses a frame: ${frame.code}`);
    onFrame(frame);
  });
}

/** A group of the bare worker's objects. The recipients are objects only. */
export async function openFloorGroup(url: string, name: string): Promise<Group> {
  const answers = new Answers();
  let [batch, next] = [1, 1];
  const socket = await openSocket(`${url}/${name}`, [], (data) => {
    const [what, n] = String(data).split(' ');
    if (what === 'accepted') answers.accepted(Number(n));
    else answers.acknowledged(Number(n));
  });
  const post = async (n: number, body: Uint8Array<ArrayBuffer>) => {
    const { status } = await fetch(`${url}/${name}`, { method: 'POST', body });
    if (status !== 202) throw new Error(`the bare worker answers ${status}`);
    answers.accepted(n);
  };
  return {
    acknowledgeBy(size) {
      batch = size;
    },
    send(way) {
      const n = next++;
      const sent = answers.expect(n);
      const body = randomBytes(bodyBytes);
      body[0] = batch;
      if (way === 'http') void post(n, body);
      else socket.send(body);
      return sent;
    },
  };
}

async function openSocket(url: string, protocols: string[], onData: (data: unknown) => void): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => onData(data));
  await new Promise((opened, failed) => {
    socket.addEventListener('open', opened);
    socket.addEventListener('error', failed);
  });
  return socket;
}
