// The public names of the client library.

export { Client, type ClientOptions } from './client.ts';
export type { ClientEvent, MessageContent, ShownStep } from './client-event.ts';
export type { ConnectionState } from './connection.ts';
export { Group, type Member, type Sendable, type Stage } from './group.ts';
export type { AskForCode } from './registration.ts';
export { type MemoryStore, memoryStore } from './store/memory.ts';
export type { Store, Write } from './store/store.ts';
export { CliquetError, type ErrorCode } from './wire/errors.ts';
