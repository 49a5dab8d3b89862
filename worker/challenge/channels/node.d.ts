// What smtp.ts uses of Node's modules. Workers have them (`nodejs_compat`), but not their types: with all of Node's nobody
// would notice code that runs nowhere but there.

interface NodeSocket {
  on(event: 'connect' | 'secureConnect' | 'error', listener: () => void): void;
  destroy(): void;
}

declare module 'node:net' {
  export function connect(to: { host: string; port: number }): NodeSocket;
}

declare module 'node:tls' {
  export function connect(to: { host: string; port: number; servername: string }): NodeSocket;
}
