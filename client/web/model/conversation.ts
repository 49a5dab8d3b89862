// The conversation on the screen: messages from the client's history and lines from the notebook, in one order, the newest
// of them at first and older ones when somebody looks back. Drafts and what was read belong to it too.

import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { type ClientEvent, type Group, type HistoryEntry, newMessageId, type Sendable } from '../../index.ts';
import { type Item, isSame, stands, toItem } from './item.ts';
import type { Line } from './line.ts';
import type { Draft, Notebook, Profile } from './notebook.ts';

/** What a conversation needs of the session that it belongs to. */
interface ConversationHost {
  readonly notebook: Notebook;
  readonly profile: ReadonlySignal<Profile>;
  /** Something was said or read. */
  said(group: string): Promise<void>;
}

const pageSize = 40;
/** So many unread messages are read at once, so that one begins where one has stopped. */
const maxUnreadRead = 120;
/** So many lines are read at once: any member can make as many as it likes. */
const linesAtOnce = 200;
/** A pause in writing, after which the draft is kept. */
const saveDraftMs = 150;
/** More than so many messages are not kept while one is at the newest: a page may be left open for days. */
const maxFollowed = 120;

const emptyDraft = (): Draft => ({ text: '', id: newMessageId(), reply: null, edits: null });

export class Conversation {
  readonly group: Group;
  readonly #host: ConversationHost;
  readonly #items = signal<readonly Item[] | null>(null);
  readonly #draft = signal<Draft>(emptyDraft());
  readonly #hasOlder = signal(false);
  readonly #hasOlderLines = signal(false);
  readonly #hasMore = computed(() => this.#hasOlder.value || this.#hasOlderLines.value);
  #entries: readonly HistoryEntry[] = [];
  #lines: readonly Line[] = [];
  #maxLines = linesAtOnce;
  /** By id: what is answered here, and stands further back. */
  readonly #answered = new Map<string, HistoryEntry | null>();
  #readTo = -1;
  #unreadFrom: number | null = null;
  #isFollowed = false;
  #knowsDraft = false;
  /** Whether what is written lies in the notebook too. */
  #isKept = true;
  #isEnded = false;
  /** What is done with the entries, one thing after the other. */
  #last: Promise<void> = Promise.resolve();
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #expiryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ConversationHost, group: Group) {
    this.#host = host;
    this.group = group;
    // A store that cannot be read ends the whole session, which is told.
    this.#do(() => this.#load()).catch(() => undefined);
    document.addEventListener('visibilitychange', this.keepDraft);
  }

  /** The oldest first; null while they are read. */
  get items(): ReadonlySignal<readonly Item[] | null> {
    return this.#items;
  }

  get hasOlder(): ReadonlySignal<boolean> {
    return this.#hasMore;
  }

  get draft(): ReadonlySignal<Draft> {
    return this.#draft;
  }

  /** The number of the first message that was unread when the conversation was opened, or null. */
  get unreadFrom(): number | null {
    return this.#unreadFrom;
  }

  async #load(): Promise<void> {
    const { notebook } = this.#host;
    const draft = await notebook.draft(this.group.id);
    // What was sent in the moment of a crash is no draft any more.
    const isSent = draft !== null && draft.edits === null && (await this.group.message(draft.id)) !== null;
    if (draft !== null && !isSent && this.#draft.value.text === '') this.#draft.value = draft;
    this.#knowsDraft = true;
    this.#readTo = await notebook.readTo(this.group.id);
    await this.#readNewest(pageSize);
    const isUnread = () => (this.#entries.at(-1)?.number ?? 0) > this.#readTo + 1;
    while (this.#hasOlder.value && isUnread() && this.#entries.length < maxUnreadRead) await this.#readOlder();
    this.#unreadFrom = this.#entries.findLast(({ number, isSelf }) => number > this.#readTo && !isSelf)?.number ?? null;
    await this.#show();
  }

  #do(run: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => (this.#isEnded ? undefined : run()));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Another page of what is older. */
  older(): Promise<void> {
    return this.#do(async () => {
      await this.#readMore();
      await this.#show();
    });
  }

  async #readMore(): Promise<void> {
    if (this.#hasOlderLines.value) {
      this.#maxLines += linesAtOnce;
      await this.#readLines();
    } else if (this.#hasOlder.value) await this.#readOlder();
  }

  async #readNewest(limit: number): Promise<void> {
    const entries = await this.group.history({ limit });
    this.#entries = entries;
    this.#hasOlder.value = entries.length === limit;
    await this.#readLines();
  }

  async #readOlder(): Promise<void> {
    const before = this.#entries.at(-1)?.number;
    const page = await this.group.history({ limit: pageSize, ...(before === undefined ? {} : { before }) });
    this.#entries = [...this.#entries, ...page];
    this.#hasOlder.value = page.length === pageSize;
    await this.#readLines();
  }

  /** The lines that belong between the messages that are here, up to a limit; all of them once the first message is. */
  async #readLines(): Promise<void> {
    const oldest = this.#hasOlder.value ? (this.#entries.at(-1)?.receivedAt ?? 0) : 0;
    const lines: Line[] = [];
    let hasOlder = true;
    for (let before: number | undefined; lines.length < this.#maxLines; ) {
      const page = await this.#host.notebook.lines(this.group.id, pageSize, before);
      lines.push(...page.filter(({ at }) => at >= oldest));
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize || last.at < oldest) {
        hasOlder = false;
        break;
      }
      before = last.number;
    }
    this.#lines = lines;
    this.#hasOlderLines.value = hasOlder;
  }

  /**
   * An event that concerns this group has been taken, or the person has done something.
   * @param hasLines  whether there are new lines
   */
  hear(event: ClientEvent | null, hasLines: boolean): Promise<void> {
    return this.#do(async () => {
      if (event !== null && 'id' in event) await this.#refresh(event.id);
      if (event?.type === 'read') for (const id of event.ids) await this.#refresh(id);
      if (event?.type === 'message') await this.#readNew();
      if (hasLines) await this.#readLines();
      await this.#show();
    });
  }

  /** Messages that are newer than what is here. */
  async #readNew(): Promise<void> {
    const newest = this.#entries[0]?.number ?? -1;
    const fresh: HistoryEntry[] = [];
    // It is one message most of the time.
    for (let before: number | undefined, limit = 2; ; limit = pageSize) {
      const page = await this.group.history({ limit, ...(before === undefined ? {} : { before }) });
      fresh.push(...page.filter(({ number }) => number > newest));
      const last = page.at(-1);
      if (last === undefined || last.number <= newest) break;
      before = last.number;
    }
    this.#entries = [...fresh, ...this.#entries];
    if (this.#isFollowed && this.#entries.length > maxFollowed) await this.#letGo();
  }

  /** What is far above is read again when somebody looks back. */
  async #letGo(): Promise<void> {
    this.#entries = this.#entries.slice(0, 2 * pageSize);
    this.#hasOlder.value = true;
    await this.#readLines();
  }

  /** @param isFollowed  whether one is at the newest message, and stays there when another one comes */
  follow(isFollowed: boolean): void {
    this.#isFollowed = isFollowed;
  }

  /** One id may be several members' own; each is looked at again. */
  async #refresh(id: string): Promise<void> {
    this.#answered.delete(id);
    const at = this.#entries.flatMap((entry, i) => (entry.id === id ? [i] : []));
    for (const i of at) {
      const before = this.#entries[i]?.number ?? 0;
      const [entry] = await this.group.history({ before: before + 1, limit: 1 });
      const next = entry?.number === before ? [entry] : [];
      this.#entries = [...this.#entries.slice(0, i), ...next, ...this.#entries.slice(i + 1)];
    }
  }

  /** What a message answers, or the draft is about, if it is still here. */
  answered(id: string): HistoryEntry | null {
    return this.#entries.find((entry) => entry.id === id) ?? this.#answered.get(id) ?? null;
  }

  /** Looks up what is answered, or written about, and stands further back. */
  async #readAnswered(): Promise<void> {
    const here = new Set(this.#entries.map(({ id }) => id));
    const { reply, edits } = this.#draft.peek();
    const wanted = new Set([...this.#entries.map((entry) => entry.reply), reply, edits]);
    for (const id of this.#answered.keys()) if (here.has(id) || !wanted.has(id)) this.#answered.delete(id);
    for (const id of wanted) {
      if (id === null || here.has(id) || this.#answered.has(id)) continue;
      this.#answered.set(id, await this.group.message(id));
    }
  }

  /** Reads back until a message is here. */
  reach(number: number): Promise<void> {
    return this.#do(async () => {
      const oldest = () => this.#shown().at(-1)?.number ?? Number.POSITIVE_INFINITY;
      while (this.#hasMore.value && oldest() > number) await this.#readMore();
      await this.#show();
    });
  }

  /** The messages whose lines are here too. */
  #shown(): readonly HistoryEntry[] {
    const oldest = this.#hasOlderLines.value ? this.#lines.at(-1) : undefined;
    return oldest === undefined ? this.#entries : this.#entries.filter((entry) => stands(oldest, entry));
  }

  async #show(): Promise<void> {
    await this.#readAnswered();
    if (this.#isEnded) return;
    const messages = [...this.#shown()].reverse();
    const lines = [...this.#lines].reverse();
    const known = new Map(this.#items.peek()?.map((item) => [item.key, item]));
    const items: Item[] = [];
    const put = (item: Item) => {
      const before = known.get(item.key);
      // What has not changed stays the same object, so that it is not drawn again.
      items.push(before !== undefined && isSame(before, item) ? before : item);
    };
    let next = 0;
    for (const entry of messages) {
      for (let line = lines[next]; line !== undefined && stands(line, entry); line = lines[++next]) put(toItem(line));
      put({ type: 'message', key: `m${entry.number}`, at: entry.receivedAt, entry });
    }
    for (const line of lines.slice(next)) put(toItem(line));
    this.#items.value = items;
    this.#awaitExpiry();
  }

  /** What has disappeared goes from the screen too. */
  #awaitExpiry(): void {
    clearTimeout(this.#expiryTimer);
    const shown = [...this.#entries, ...this.#answered.values()];
    const next = Math.min(...shown.map((entry) => entry?.expiresAt ?? Number.POSITIVE_INFINITY));
    if (next === Number.POSITIVE_INFINITY) return;
    const ms = Math.min(Math.max(next * 1000 - Date.now(), 0) + 1000, 2 ** 31 - 1);
    this.#expiryTimer = setTimeout(() => void this.#expire(), ms);
  }

  #expire(): Promise<void> {
    return this.#do(async () => {
      const now = Math.floor(Date.now() / 1000);
      this.#entries = this.#entries.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      // Those that are still there are looked up again.
      this.#answered.clear();
      await this.#show();
      await this.#host.said(this.group.id);
    });
  }

  /** Everything that is here has been seen. */
  markRead(): Promise<void> {
    return this.#do(() => this.#markRead());
  }

  async #markRead(): Promise<void> {
    const newest = this.#shown()[0]?.number ?? -1;
    if (newest <= this.#readTo) return;
    const fresh = this.#entries.filter(({ number, isSelf }) => number > this.#readTo && !isSelf);
    this.#readTo = newest;
    await this.#host.notebook.setReadTo(this.group.id, newest);
    await this.#host.said(this.group.id);
    const asked = fresh.filter(({ asksReceipt }) => asksReceipt).map(({ id }) => id);
    if (asked.length > 0 && this.#host.profile.value.receipts) {
      // A group that cannot be written to any more takes no receipts either.
      await this.group.markRead(asked).catch(() => undefined);
    }
  }

  setDraft(change: Partial<Draft>): void {
    this.#draft.value = { ...this.#draft.value, ...change };
    this.#isKept = false;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(this.keepDraft, saveDraftMs);
  }

  /** Keeps what is written, without waiting for a pause. */
  readonly keepDraft = (): void => {
    clearTimeout(this.#draftTimer);
    // Before the one that is kept was read, it would be lost.
    if (!this.#knowsDraft) return;
    this.#isKept = true;
    const { value } = this.#draft;
    const isEmpty = value.text === '' && value.reply === null && value.edits === null;
    const kept = this.#host.notebook.setDraft(this.group.id, isEmpty ? null : value);
    // What cannot be kept now is kept with the next change; when it is sent, it is told.
    // The list shows it once the conversation is left.
    void kept.then(() => (this.#isEnded ? this.#host.said(this.group.id) : undefined)).catch(() => undefined);
  };

  /** Sends what is drafted: a message, an answer, or another text for one. What is written meanwhile is another draft. */
  async send(): Promise<void> {
    const draft = this.#draft.value;
    const { text, id, reply, edits } = draft;
    if (text.trim() === '') return;
    // Until it is sent, it is kept: the commits come one after the other.
    if (!this.#isKept) this.keepDraft();
    this.#draft.value = emptyDraft();
    try {
      if (edits !== null) await this.group.edit(edits, text);
      else await this.#send(text, id, reply);
    } catch (error) {
      this.#putBack(draft);
      throw error;
    }
    this.keepDraft();
    await this.#afterwards(edits);
  }

  /** What could not be sent is a draft again, before what was written meanwhile. */
  #putBack(draft: Draft): void {
    const { text, id } = this.#draft.value;
    this.#draft.value = text === '' ? draft : { ...draft, id, text: `${draft.text}\n${text}` };
    this.#isKept = false;
  }

  async sendFile(name: string, mediaType: string, data: Uint8Array): Promise<void> {
    await this.#send({ mediaType, name, data }, newMessageId(), this.#draft.value.reply);
    this.setDraft({ reply: null });
    await this.#afterwards(null);
  }

  /** Says again what was not sent. */
  async again({ content, reply }: HistoryEntry): Promise<void> {
    if (content?.type === 'text') await this.#send(content.text, newMessageId(), reply);
    else if (content?.type === 'bytes')
      await this.#send({ ...content, name: content.name ?? '' }, newMessageId(), reply);
    await this.#afterwards(null);
  }

  async delete(id: string): Promise<void> {
    await this.group.delete(id);
    await this.#afterwards(id);
  }

  async #send(content: Sendable, id: string, reply: string | null): Promise<void> {
    const asksReceipt = this.#host.profile.value.receipts;
    await this.group.send(content, { id, asksReceipt, ...(reply === null ? {} : { reply }) });
  }

  async #afterwards(changed: string | null): Promise<void> {
    await this.#do(async () => {
      if (changed !== null) await this.#refresh(changed);
      await this.#readNew();
      await this.#show();
      await this.#markRead();
    });
    await this.#host.said(this.group.id);
  }

  end(): void {
    this.#isEnded = true;
    this.keepDraft();
    clearTimeout(this.#expiryTimer);
    document.removeEventListener('visibilitychange', this.keepDraft);
  }
}
