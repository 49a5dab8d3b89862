// An open client, as signals: its line, its groups, what is new in them, and the notebook of the pages. It reads the
// events, and takes each exactly once: what an event leads to and its number are one commit.

import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Client, type ClientEvent, CliquetError, type Group, type HistoryEntry, type Store } from '../../index.ts';
import { Conversation } from './conversation.ts';
import { type Line, linesOf, ownLine } from './line.ts';
import { Notebook, type Profile } from './notebook.ts';
import type { Picture } from './picture.ts';

/** Between two looks at a client that changes all the time. */
const calmMs = 40;
/** Before it is tried again to write to a full store. */
const fullStoreMs = 5000;
/** The client itself has let go of what has disappeared by then. */
const expirySlackMs = 1500;
/** Browsers count no further. */
const maxTimeoutMs = 2 ** 31 - 1;
/** More than so many unread messages are not counted. */
export const maxUnread = 99;

/** What stands in the list of groups. */
export interface Head {
  readonly newest: HistoryEntry | null;
  readonly line: Line | null;
  readonly unread: number;
  /** Up to which message it was read when that was counted. */
  readonly readTo: number;
  /** What the person has begun to write. */
  readonly draft: string;
  /** When something last happened: seconds since 1970. */
  readonly at: number;
}

const emptyHead: Head = { newest: null, line: null, unread: 0, readTo: -1, draft: '', at: 0 };

export class Session {
  readonly client: Client;
  readonly notebook: Notebook;
  readonly picture: Picture;
  /** Counts changes: who reads it looks at the client again. */
  readonly #version = signal(0);
  readonly #heads = signal<ReadonlyMap<string, Head>>(new Map());
  readonly #profile: Signal<Profile>;
  readonly #isFull = signal(false);
  readonly #told = new Map<string, number>();
  readonly #onFailure: (error: unknown) => void;
  /** By group: looks again when the newest message disappears. */
  readonly #expiries = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #ending = new AbortController();
  #conversation: Conversation | null = null;
  #lastNames: ReadonlyMap<string, string> = new Map();
  readonly #names = computed(() => {
    this.#version.value;
    const names = new Map(this.client.contacts.map(({ hrid, name }) => [hrid, name]));
    const isSame =
      names.size === this.#lastNames.size && [...names].every(([hrid, name]) => this.#lastNames.get(hrid) === name);
    if (!isSame) this.#lastNames = names;
    return this.#lastNames;
  });

  private constructor(
    client: Client,
    notebook: Notebook,
    picture: Picture,
    profile: Profile,
    onFailure: (error: unknown) => void,
  ) {
    this.client = client;
    this.notebook = notebook;
    this.picture = picture;
    this.#profile = signal(profile);
    this.#onFailure = onFailure;
  }

  static async open(
    client: Client,
    store: Store,
    picture: Picture,
    onFailure: (error: unknown) => void,
  ): Promise<Session> {
    const notebook = new Notebook(store);
    const session = new Session(client, notebook, picture, await notebook.profile(), onFailure);
    await Promise.all(client.groups.map((group) => session.#look(group.id)));
    void session.#listen();
    void session.#watch();
    addEventListener('online', session.#wake);
    document.addEventListener('visibilitychange', session.#wake);
    return session;
  }

  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  get profile(): ReadonlySignal<Profile> {
    return this.#profile;
  }

  /** Whether there was no room for what has come. */
  get isFull(): boolean {
    return this.#isFull.value;
  }

  /** What the person calls each contact, by HRID: '' if nothing. The same object as long as nothing of it has changed. */
  get names(): ReadonlyMap<string, string> {
    return this.#names.value;
  }

  /** The groups, those in which something happened last before the others. */
  get groups(): readonly Group[] {
    this.#version.value;
    const heads = this.#heads.value;
    const at = ({ id, status }: Group) => (status === 'invited' ? Number.MAX_SAFE_INTEGER : (heads.get(id)?.at ?? 0));
    return [...this.client.groups].sort((a, b) => at(b) - at(a));
  }

  head(group: string): Head {
    return this.#heads.value.get(group) ?? emptyHead;
  }

  /** How much is unread in all groups. */
  get unread(): number {
    return [...this.#heads.value.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  find(id: string): Group | undefined {
    this.#version.value;
    return this.client.groups.find((group) => group.id === id);
  }

  async setProfile(change: Partial<Profile>): Promise<void> {
    this.#profile.value = { ...this.#profile.value, ...change };
    await this.notebook.setProfile(this.#profile.value);
  }

  /** The conversation that is on the screen: one at a time. */
  converse(group: Group): Conversation {
    if (this.#conversation?.group.id !== group.id) {
      this.#conversation?.end();
      this.#conversation = new Conversation(this, group);
    }
    return this.#conversation;
  }

  /** It is not on the screen any more. */
  leave(group: Group): void {
    if (this.#conversation?.group.id !== group.id) return;
    this.#conversation.end();
    this.#conversation = null;
  }

  /** Something was said or read here. */
  async said(group: string): Promise<void> {
    await this.#look(group);
  }

  /** Notes in a conversation what the person has done, where no event tells of it. */
  async noteOwn(group: Group, happening: Parameters<typeof ownLine>[0]): Promise<void> {
    const [newest = null] = await this.notebook.lines(group.id, 1);
    const behind = this.head(group.id).newest?.number ?? -1;
    const line = ownLine(happening, newest, await this.notebook.after(), behind, Math.floor(Date.now() / 1000));
    await this.notebook.add({ group: group.id, line });
    if (this.#conversation?.group.id === group.id) await this.#conversation.hear(null, true);
    await this.#look(group.id);
  }

  async end(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    removeEventListener('online', this.#wake);
    document.removeEventListener('visibilitychange', this.#wake);
    this.#conversation?.end();
    for (const timer of this.#expiries.values()) clearTimeout(timer);
    await this.client.close();
  }

  /** The browser says that there is a network, or the person has come back: the line need not wait any longer. */
  readonly #wake = (): void => {
    if (document.visibilityState !== 'visible' || !navigator.onLine) return;
    const { client } = this;
    if (client.isRegistered && client.connection === 'offline' && client.problem !== 'not-registered') client.connect();
  };

  async #listen(): Promise<void> {
    const { client, notebook } = this;
    try {
      const after = await notebook.after();
      for await (const event of client.events(after === null ? {} : { after }))
        await this.#insist(() => this.#take(event));
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#onFailure(error);
    }
  }

  /** Does something as soon as there is room for it in the store. */
  async #insist(deed: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await deed();
        this.#isFull.value = false;
        return;
      } catch (error) {
        const isFull = error instanceof CliquetError && error.code === 'store-unwritable';
        if (!isFull || this.#ending.signal.aborted) throw error;
        this.#isFull.value = true;
        await new Promise((resolve) => setTimeout(resolve, fullStoreMs));
      }
    }
  }

  async #take(event: ClientEvent): Promise<void> {
    if (event.type === 'message') {
      const entry = await event.group.message(event.id);
      if (entry !== null) this.#told.set(event.group.id, entry.number);
    }
    const lines = linesOf(
      this.client,
      event,
      (group) => this.#told.get(group) ?? this.head(group).newest?.number ?? -1,
      Math.floor(Date.now() / 1000),
    );
    await this.notebook.note(event.number, lines);
    this.picture.note(event, this.client.hrid ?? '');
    const touched = new Set(lines.map(({ group }) => group));
    if ('group' in event) touched.add(event.group.id);
    for (const group of touched) {
      if (this.#conversation?.group.id === group) await this.#conversation.hear(event, lines.length > 0);
      await this.#look(group);
    }
  }

  /** Looks again at what is new in a group. */
  async #look(id: string): Promise<void> {
    const group = this.client.groups.find((each) => each.id === id);
    const head = group && (await this.#headOf(group));
    this.#awaitExpiry(id, head?.newest?.expiresAt ?? null);
    const heads = new Map(this.#heads.peek());
    if (head === undefined) heads.delete(id);
    else heads.set(id, head);
    batch(() => {
      this.#heads.value = heads;
      this.#version.value++;
    });
  }

  #awaitExpiry(group: string, expiresAt: number | null): void {
    clearTimeout(this.#expiries.get(group));
    this.#expiries.delete(group);
    if (expiresAt === null || this.#ending.signal.aborted) return;
    const ms = Math.min(Math.max(expiresAt * 1000 - Date.now(), 0) + expirySlackMs, maxTimeoutMs);
    this.#expiries.set(
      group,
      setTimeout(() => void this.#look(group).catch(() => undefined), ms),
    );
  }

  async #headOf(group: Group): Promise<Head> {
    const { notebook } = this;
    const [line = null] = await notebook.lines(group.id, 1);
    const draft = (await notebook.draft(group.id))?.text ?? '';
    const [newest = null] = group.status === 'invited' ? [] : await group.history({ limit: 1 });
    const readTo = await notebook.readTo(group.id);
    const unread =
      newest === null || newest.number <= readTo ? 0 : await this.#countUnread(group, newest.number, readTo);
    return { newest, line, unread, readTo, draft, at: Math.max(newest?.receivedAt ?? 0, line?.at ?? 0) };
  }

  /** Messages may be long, and many: what was counted before is not read again when another one comes. */
  async #countUnread(group: Group, newest: number, readTo: number): Promise<number> {
    const count = async (after: number, limit: number) => {
      const entries = await group.history({ limit });
      const isAll = entries.length < limit || (entries.at(-1)?.number ?? 0) <= after;
      return { isAll, count: entries.filter(({ number, isSelf }) => number > after && !isSelf).length };
    };
    const before = this.#heads.peek().get(group.id);
    const counted = before?.newest?.number ?? -1;
    if (before !== undefined && before.readTo === readTo && counted > readTo && newest > counted) {
      if (before.unread > maxUnread) return before.unread;
      const more = await count(counted, 4);
      if (more.isAll) return Math.min(before.unread + more.count, maxUnread + 1);
    }
    return (await count(readTo, maxUnread + 1)).count;
  }

  async #watch(): Promise<void> {
    const { signal: ending } = this.#ending;
    while (!ending.aborted) {
      try {
        await this.client.changed(ending);
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, calmMs));
      if (!ending.aborted) this.#version.value++;
    }
  }
}
