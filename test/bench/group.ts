// The groups that are let loose: clients of the relay, and those of the bare worker beside it. They have streams, or they ask
// over HTTP; that everybody has acknowledged the sender always hears on its stream. An answer that should not come is thrown
// where nobody catches it, and so ends the run.

import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Client, type Relay, randomBytes } from '../support/request.ts';
import { Answers, type Group } from './load.ts';

/** How clients and relay talk. */
export type Way = 'stream' | 'polling';

const bodyBytes = 1024;
/** Between two questions of a recipient that has got no answer yet. */
const pollMs = 5;
/** Acknowledged together, if so many come at once. */
const batch = 16;

/** A group of the relay's clients. */
export interface RelayGroup extends Group {
  /** Messages that its recipients were given so far. */
  readonly received: number;
}

export async function openRelayGroup(relay: Relay, members: number, way: Way): Promise<RelayGroup> {
  const sender = await Client.register(relay);
  const recipients: Client[] = [];
  while (recipients.length < members - 1) recipients.push(await Client.register(relay));
  const answers = new Answers();
  let received = 0;
  let sockets: WebSocket[] = [];

  const connect = async (recipient: Client) => {
    let epoch = randomBytes(0);
    let [acked, newest, drained] = [0, 0, false];
    const socket = await openStream(recipient, (frame) => {
      if (frame.type === 'hello') epoch = frame.hello.epoch;
      if (frame.type === 'drained') drained = true;
      if (frame.type === 'entry') {
        received++;
        newest = frame.entry.seq;
      }
      if (newest === acked || (!drained && newest - acked < batch)) return;
      acked = newest;
      socket.send(ClientFrame.encode({ type: 'ack', ack: { epoch, seq: acked } }));
    });
    return socket;
  };
  const comeBack = async () => {
    sockets = await Promise.all(recipients.map(connect));
  };
  /** Asks until the message is there. */
  const poll = async (recipient: Client, n: number) => {
    for (;;) {
      const { hello, entries } = await recipient.queue();
      if (hello.last < n) {
        await new Promise((wake) => setTimeout(wake, pollMs));
        continue;
      }
      received += entries.length;
      await recipient.acknowledge({ epoch: hello.epoch, seq: hello.last });
      return;
    }
  };
  if (way === 'stream') await comeBack();
  const socket = await openStream(sender, (frame) => {
    if (frame.type === 'accepted') answers.accepted(frame.accepted.n);
    if (frame.type === 'delivered') answers.delivered(frame.delivered.n);
  });
  return {
    get received() {
      return received;
    },
    send() {
      const n = sender.next;
      const sent = answers.expect(n);
      const body = randomBytes(bodyBytes);
      if (way === 'stream') {
        socket.send(ClientFrame.encode({ type: 'send', send: sender.message(recipients, body) }));
        sender.next++;
      } else {
        void sender.send(recipients, body).then(() => {
          answers.accepted(n);
          for (const recipient of recipients) void poll(recipient, n);
        });
      }
      return sent;
    },
    leave() {
      for (const each of sockets) each.close();
    },
    comeBack,
  };
}

/** Unlike a TestStream, it hands each frame on at once. */
export async function openStream(client: Client, onFrame: (frame: ServerFrame) => void): Promise<WebSocket> {
  const protocols = [streamProtocol, ticketProtocolPrefix + (await client.ticket())];
  return openSocket(client.url + routes.stream, protocols, (data) => {
    if (!(data instanceof ArrayBuffer)) throw new Error('the relay sends text');
    const frame = ServerFrame.decode(new Uint8Array(data));
    if (frame.type === 'problem') throw new Error(`the relay refuses a frame: ${frame.code}`);
    onFrame(frame);
  });
}

/** A group of the bare worker's objects, which answers and asks as the relay's does. */
export async function openFloorGroup(url: string, id: string, members: number, way: Way): Promise<Group> {
  const name = `/${members - 1}-${id}`;
  // Its clients sign as the relay's do, for nothing: what a client takes is not what is measured.
  const client = new Client({ url });
  const recipients = Array.from({ length: members - 1 }, (_, i) => `${name}.${i + 1}`);
  const answers = new Answers();
  let sockets: WebSocket[] = [];
  let next = 1;

  const connect = async (recipient: string) => {
    let [acked, newest] = [0, 0];
    const socket: WebSocket = await openSocket(url + recipient, [], (data) => {
      if (!(data instanceof ArrayBuffer)) throw new Error('the bare worker sends text to a recipient');
      newest = seqOf(data);
      if (newest - acked < batch && newest !== next - 1) return;
      acked = newest;
      socket.send(Uint32Array.of(acked));
    });
    return socket;
  };
  const comeBack = async () => {
    sockets = await Promise.all(recipients.map(connect));
  };
  const poll = async (recipient: string, n: number) => {
    for (;;) {
      const response = await client.fetch({ method: 'GET', path: recipient });
      const waiting = await response.arrayBuffer();
      if (waiting.byteLength > 0) {
        const seq = seqOf(waiting);
        if (seq !== n) throw new Error('a message came out of turn');
        await post(`${recipient}/acks`, new Uint8Array(Uint32Array.of(seq).buffer));
        return;
      }
      await new Promise((wake) => setTimeout(wake, pollMs));
    }
  };
  const post = async (path: string, body: Uint8Array<ArrayBuffer>) => {
    const { status } = await client.fetch({ method: 'POST', path, body });
    if (status !== 202) throw new Error(`the bare worker answers ${status}`);
  };
  if (way === 'stream') await comeBack();
  const socket = await openSocket(url + name, [], (data) => {
    const [what, n] = String(data).split(' ');
    if (what === 'accepted') answers.accepted(Number(n));
    else answers.delivered(Number(n));
  });
  return {
    send() {
      const n = next++;
      const sent = answers.expect(n);
      const body = randomBytes(bodyBytes);
      if (way === 'stream') socket.send(body);
      else {
        void post(name, body).then(() => {
          answers.accepted(n);
          for (const recipient of recipients) void poll(recipient, n);
        });
      }
      return sent;
    },
    leave() {
      for (const each of sockets) each.close();
    },
    comeBack,
  };
}

const seqOf = (frame: ArrayBuffer): number => new DataView(frame).getUint32(0, true);

export async function openSocket(
  url: string,
  protocols: string[],
  onData: (data: unknown) => void = () => undefined,
): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => onData(data));
  await new Promise((opened, failed) => {
    socket.addEventListener('open', opened);
    socket.addEventListener('error', failed);
  });
  return socket;
}
