// Stands between clients and their relay on the stream, as a relay that lies could: sees every frame, keeps some back,
// and speaks in the relay's name. Clients that connect while it is in place go through it.

import { vi } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';

export interface Meddling {
  /** A frame on its way to the relay. False keeps it back; `say` answers in the relay's name. */
  outgoing?(frame: ClientFrame, bytes: Bytes, say: (frame: ServerFrame) => void): boolean;
  /** A frame on its way to the client. False keeps it back; `say` puts others in its place. */
  incoming?(frame: ServerFrame, bytes: Bytes, say: (frame: ServerFrame) => void): boolean;
}

/** @returns what ends it, for connections that are made later */
export function meddle({ outgoing = () => true, incoming = () => true }: Meddling): () => void {
  const Original = WebSocket;
  class MeddlingSocket extends Original {
    readonly #said = new WeakSet<Event>();

    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      // The first listener: what it stops reaches nobody.
      this.addEventListener('message', (event) => {
        if (this.#said.has(event) || !(event.data instanceof ArrayBuffer)) return;
        const bytes = new Uint8Array(event.data);
        if (!incoming(ServerFrame.decode(bytes), bytes, (frame) => this.#say(frame))) event.stopImmediatePropagation();
      });
    }

    override send(data: string | Bytes): void {
      const passes = typeof data === 'string' || outgoing(ClientFrame.decode(data), data, (frame) => this.#say(frame));
      if (passes) super.send(data);
    }

    #say(frame: ServerFrame): void {
      const event = new MessageEvent('message', { data: ServerFrame.encode(frame).buffer });
      this.#said.add(event);
      queueMicrotask(() => this.dispatchEvent(event));
    }
  }
  vi.stubGlobal('WebSocket', MeddlingSocket);
  return () => vi.stubGlobal('WebSocket', Original);
}
