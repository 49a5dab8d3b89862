// What smtp-line.ts uses of Node's modules. Workers have them (`nodejs_compat`), but not their types: with all of Node's nobody
// would notice code that runs nowhere but there.

declare module 'node:net' {
  export interface Socket {
    on(event: 'data', listener: (bytes: Uint8Array) => void): void;
    on(event: 'connect' | 'secureConnect' | 'end' | 'close' | 'error', listener: () => void): void;
    write(text: string): void;
    end(text: string, flushed: () => void): void;
    destroy(): void;
  }
  export function connect(to: { host: string; port: number }): Socket;
}

declare module 'node:tls' {
  import type { Socket } from 'node:net';

  export function connect(to: ({ host: string; port: number } | { socket: Socket }) & { servername: string }): Socket;
}
