// The test client's end of /v1/stream: frames in the order in which they came, and the close code.

import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { until } from './until.ts';

export class TestStream {
  readonly frames: ServerFrame[] = [];
  closed: { code: number } | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      this.frames.push(ServerFrame.decode(new Uint8Array(data)));
    });
    socket.addEventListener('close', ({ code }) => {
      this.closed = { code };
    });
    socket.addEventListener('error', () => {
      this.closed ??= { code: 1006 };
    });
  }

  /** The first frame of this type after the last one that was taken; earlier ones are skipped. */
  async take<T extends ServerFrame['type']>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    const isWanted = (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> => frame.type === type;
    const index = await until(() => {
      const found = this.frames.findIndex(isWanted);
      return found < 0 ? undefined : { found };
    });
    const taken = this.frames.splice(0, index.found + 1).at(-1);
    if (taken === undefined || !isWanted(taken)) throw new Error('unreachable');
    return taken;
  }

  async closeCode(): Promise<number> {
    return (await until(() => this.closed)).code;
  }

  async send(frame: ClientFrame): Promise<void> {
    this.sendRaw(ClientFrame.encode(frame));
  }

  sendRaw(data: Uint8Array<ArrayBuffer> | string): void {
    this.#socket.send(data);
  }

  close(): void {
    this.#socket.close();
  }
}
