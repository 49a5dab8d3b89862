// What the pages keep beside the client: what happened in each group, how far was read, drafts, and the person's own
// choices. All of it lies encrypted in a section of the client's store, as JSON.

import { numberKey, type Store, type Write } from '../../index.ts';
import type { Line } from './line.ts';

export interface Draft {
  readonly text: string;
  /** The id under which it will be sent: who finds it in the history has sent it before. */
  readonly id: string;
  readonly reply: string | null;
  /** The id of the message that it is to change. */
  readonly edits: string | null;
}

export interface Profile {
  /** What stands in one's invite as a suggestion; nobody learns it but who gets the invite. */
  readonly name: string;
  /** Whether to ask others, and tell them, when a message was read. */
  readonly receipts: boolean;
  /** Whether the words or a file were ever saved. */
  readonly hasBackup: boolean;
}

const newProfile: Profile = { name: '', receipts: false, hasBackup: false };

const keys = {
  after: 'after',
  profile: 'profile',
  lines: (group: string) => `line/${group}/`,
  read: (group: string) => `read/${group}`,
  draft: (group: string) => `draft/${group}`,
};

const toBytes = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
const put = (key: string, value: unknown): Write => ({ key, value: value === null ? null : toBytes(value) });

interface GroupLine {
  readonly group: string;
  readonly line: Line;
}

const putLine = ({ group, line }: GroupLine) => put(keys.lines(group) + numberKey(line.number), line);

export class Notebook {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The number of the last event that was dealt with, or null. */
  after(): Promise<number | null> {
    return this.#read<number>(keys.after);
  }

  /** Notes an event as dealt with, together with what it has led to. */
  async note(number: number, lines: readonly GroupLine[]): Promise<void> {
    await this.#store.commit([...lines.map(putLine), put(keys.after, number)]);
  }

  /** Adds a line that no event has led to. */
  async add(line: GroupLine): Promise<void> {
    await this.#store.commit([putLine(line)]);
  }

  /** What happened in a group, the newest first. @param before the number to look below */
  async lines(group: string, limit: number, before?: number): Promise<Line[]> {
    const range = { limit, reverse: true, ...(before === undefined ? {} : { to: before }) };
    return (await this.#store.range(keys.lines(group), range)).map(({ value }) => parse<Line>(value));
  }

  /** The number of the newest message that was read in a group; -1 if none was. */
  async readTo(group: string): Promise<number> {
    return (await this.#read<number>(keys.read(group))) ?? -1;
  }

  async setReadTo(group: string, number: number): Promise<void> {
    await this.#store.commit([put(keys.read(group), number)]);
  }

  draft(group: string): Promise<Draft | null> {
    return this.#read<Draft>(keys.draft(group));
  }

  async setDraft(group: string, draft: Draft | null): Promise<void> {
    await this.#store.commit([put(keys.draft(group), draft)]);
  }

  async profile(): Promise<Profile> {
    return { ...newProfile, ...(await this.#read<Partial<Profile>>(keys.profile)) };
  }

  async setProfile(profile: Profile): Promise<void> {
    await this.#store.commit([put(keys.profile, profile)]);
  }

  async #read<T>(key: string): Promise<T | null> {
    const value = await this.#store.get(key);
    return value && parse<T>(value);
  }
}

/** Written by nobody but this file: the store is authenticated. */
function parse<T>(value: Uint8Array): T {
  const parsed: T = JSON.parse(new TextDecoder().decode(value));
  return parsed;
}
