// The server's end of a WebSocket, for unit tests: what was sent, and how it was closed.

import type { Bytes } from '../../client/wire/bytes.ts';
import { ServerFrame } from '../../client/wire/frame.ts';
import type { Socket } from '../../worker/ports.ts';

export class TestSocket<S> implements Socket<S> {
  state: S;
  readonly frames: ServerFrame[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(state: S) {
    this.state = state;
  }

  get open(): boolean {
    return this.closed === undefined;
  }

  send(frame: Bytes): void {
    this.frames.push(ServerFrame.decode(frame));
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** The frames since the last call, by type. */
  take(): ServerFrame['type'][] {
    return this.frames.splice(0).map(({ type }) => type);
  }
}
