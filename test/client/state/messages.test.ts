import { beforeEach, describe, expect, it } from 'vitest';
import { toClientEvent } from '../../../client/client-event.ts';
import type { Host } from '../../../client/group.ts';
import * as online from '../../../client/online.ts';
import type { Step } from '../../../client/protocol/step.ts';
import { emit } from '../../../client/state/events.ts';
import {
  addMessage,
  endMessage,
  expireMessages,
  forgetTold,
  retireMessages,
  startConversation,
} from '../../../client/state/history.ts';
import { type HistoryEntry, readHistory } from '../../../client/state/history-entry.ts';
import { noteSealed, type OpenedContent, receiveContent, setTimer } from '../../../client/state/messages.ts';
import { type HistoryRule, type StoredEvent, tables } from '../../../client/state/records.ts';
import type { State, Transaction } from '../../../client/state/state.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import type { Content } from '../../../client/wire/content.ts';
import type { Body } from '../../../client/wire/content-body.ts';
import { contentOf, textOf } from '../../support/content.ts';
import { startOfTime } from '../../support/group.ts';
import { loadState } from '../../support/state.ts';

const day = 24 * 3600;
const group: Bytes = new Uint8Array(32).fill(1);
const [own, ana, ben] = [10, 11, 12].map((byte): Bytes => new Uint8Array(32).fill(byte)) as [Bytes, Bytes, Bytes];
const id = (n: number): Bytes => new Uint8Array(16).fill(n);
const stepOf = (...vector: number[]): Step => ({ vector, groupKey: new Uint8Array(8), leaf: null });

let store: MemoryStore;
let state: State;
let now: number;

beforeEach(async () => {
  now = startOfTime;
  store = memoryStore();
  state = await loadState(store);
  await begin({ type: 'all' });
});

const begin = (rule: HistoryRule) =>
  state.transact((tx) => {
    tx.delete(tables.conversations, bytesKey(group));
    startConversation(tx, group, rule);
  });
const hear = (sender: Bytes, content: Content, step = stepOf(0, 0), generation = 0): Promise<StoredEvent | null> => {
  const opened: OpenedContent = { group, sender, content, step, generation };
  return state.transact((tx) => receiveContent(tx, opened, now));
};
const say = (content: Content) => state.transact((tx) => addMessage(tx, group, own, content, true, now));
const change = (sender: Bytes, body: Body, n: number, step?: Step, generation?: number) =>
  hear(sender, contentOf(body, { id: id(n) }), step, generation);
const entries = () => readHistory(state, group, { limit: 1000 });
const shown = async () => (await entries()).reverse().map(textIn);
const textIn = ({ content }: HistoryEntry) => (content?.type === 'text' ? content.text : (content?.type ?? 'deleted'));
const retire = (isNew = false, due: readonly number[] = []) =>
  state.transact((tx: Transaction) => retireMessages(tx, group, 0, new Set(due), isNew, now));
/** Everything that lies in the store, as text. */
const stored = () => [...store.entries().values()].map((value) => Buffer.from(value).toString('latin1')).join();
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );
const host = (): Host => {
  const unused = () => Promise.reject(new Error('unused'));
  return { state, random: (length) => new Uint8Array(length), now: () => now, change: unused, act: unused, online };
};
const told = (event: StoredEvent | null) => event && toClientEvent(host(), 0, event, now, null);

describe('receiveContent()', () => {
  it('adds messages in the order in which they come, whoever sent them', async () => {
    await hear(ana, textOf('one', { id: id(1) }));
    await say(textOf('two', { id: id(2) }));
    await hear(ben, contentOf({ type: 'bytes', mediaType: 'a/b', name: null, data: id(0) }, { id: id(3) }));
    expect(await shown()).toEqual(['one', 'two', 'bytes']);
  });

  it('takes no id twice, also long after, also without a history', async () => {
    await begin({ type: 'none' });
    expect(await hear(ana, textOf('one', { id: id(1) }))).toMatchObject({ type: 'message', message: 0 });
    await state.transact((tx) => forgetTold(tx, group, 0));
    now += 30 * day;
    await retire();
    expect(await codeOf(hear(ana, textOf('again', { id: id(1) })))).toBe('duplicate');
    expect(await shown()).toEqual([]);
  });

  it('lets nobody suppress a message by using its id first, nor change or drop what has it', async () => {
    await begin({ type: 'days', days: 40 });
    await hear(ben, textOf('taken', { id: id(1) }));
    now += day;
    expect(await hear(ana, textOf('real', { id: id(1) }))).toMatchObject({ type: 'message', message: 1 });
    expect(await shown()).toEqual(['taken', 'real']);
    expect(await codeOf(hear(ben, textOf('again', { id: id(1) })))).toBe('duplicate');
    expect(await codeOf(hear(ana, textOf('real again', { id: id(1) })))).toBe('duplicate');
    await say(textOf('mine', { id: id(1), asksReceipt: true }));
    expect(await say(textOf('mine again', { id: id(1) }))).toBeNull();
    expect(await shown()).toEqual(['taken', 'real', 'mine']);
    await change(ana, { type: 'edit', target: id(1), text: 'really' }, 2);
    await change(ben, { type: 'deletion', target: id(1) }, 3);
    expect(await change(ana, { type: 'read', ids: [id(1)] }, 4)).toMatchObject({ type: 'read', ids: [id(1)] });
    expect(await shown()).toEqual(['deleted', 'really', 'mine']);
    await state.transact((tx) => endMessage(tx, group, id(1), 'failed'));
    expect((await entries()).map(({ state, readBy }) => [state, readBy.length])).toEqual([
      ['failed', 1],
      ['received', 0],
      ['received', 0],
    ]);
    now += 40 * day - 1;
    await retire();
    expect(await shown()).toEqual(['really', 'mine']);
    expect(await codeOf(hear(ana, textOf('real again', { id: id(1) })))).toBe('duplicate');
    now += 2;
    await retire();
    expect(await shown()).toEqual([]);
    expect([...store.entries().keys()].filter((key) => key.startsWith('message-number/'))).toEqual([]);
  });

  it('edits and deletes an author’s own messages, and nobody else’s', async () => {
    await hear(ana, textOf('one', { id: id(1) }));
    expect(await codeOf(change(ben, { type: 'edit', target: id(1), text: 'forged' }, 2))).toBe('not-own-message');
    expect(await codeOf(change(ben, { type: 'deletion', target: id(1) }, 3))).toBe('not-own-message');
    await say(textOf('mine', { id: id(4) }));
    expect(await codeOf(change(ana, { type: 'deletion', target: id(4) }, 5))).toBe('not-own-message');
    expect(await shown()).toEqual(['one', 'mine']);
    now += 60;
    expect(await change(ana, { type: 'edit', target: id(1), text: 'two' }, 6)).toMatchObject({
      type: 'edited',
      text: 'two',
    });
    expect(await shown()).toEqual(['two', 'mine']);
    expect((await entries())[1]).toMatchObject({ editedAt: now, receivedAt: now - 60 });
    expect(await change(ana, { type: 'deletion', target: id(1) }, 7)).toMatchObject({ type: 'deleted', message: 0 });
    expect(await shown()).toEqual(['deleted', 'mine']);
    expect(stored()).not.toMatch(/one|two/);
    // What was deleted stays deleted.
    expect(await change(ana, { type: 'edit', target: id(1), text: 'three' }, 8)).toBeNull();
    expect(await shown()).toEqual(['deleted', 'mine']);
  });

  it('takes a change that is sent again once, also after others', async () => {
    await hear(ana, textOf('one', { id: id(1) }));
    await change(ana, { type: 'edit', target: id(1), text: 'two' }, 2);
    await change(ana, { type: 'edit', target: id(1), text: 'three' }, 3);
    for (const n of [2, 3]) {
      expect(await codeOf(change(ana, { type: 'edit', target: id(1), text: 'again' }, n))).toBe('duplicate');
    }
    expect(await shown()).toEqual(['three']);
    await change(ana, { type: 'deletion', target: id(1) }, 4);
    expect(await codeOf(change(ana, { type: 'deletion', target: id(1) }, 4))).toBe('duplicate');
  });

  it('passes over what is about a message that is not here, and refuses to edit what is no text', async () => {
    expect(await change(ana, { type: 'edit', target: id(9), text: 'x' }, 1)).toBeNull();
    expect(await change(ana, { type: 'deletion', target: id(9) }, 2)).toBeNull();
    await hear(ana, contentOf({ type: 'extension', kind: 'a.b', version: 1, data: id(0) }, { id: id(3) }));
    expect(await codeOf(change(ana, { type: 'edit', target: id(3), text: 'x' }, 4))).toBe('malformed');
  });

  it('keeps what this version cannot read, and shows that it cannot', async () => {
    const unknown: Content = { ...textOf('x', { id: id(1) }), kind: 'hologram', body: id(3) };
    const event = await hear(ana, unknown);
    expect(await told(event)).toMatchObject({ type: 'message', content: { type: 'unsupported', kind: 'hologram' } });
    expect((await entries())[0]).toMatchObject({ content: { type: 'unsupported', kind: 'hologram' } });
  });

  it('notes each reader once, and only of this client’s messages that asked', async () => {
    await say(textOf('asked', { id: id(1), asksReceipt: true }));
    await say(textOf('did not ask', { id: id(2) }));
    await hear(ben, textOf('of another', { id: id(3), asksReceipt: true }));
    const read = () => change(ana, { type: 'read', ids: [id(1), id(2), id(3), id(9)] }, 4);
    expect(await read()).toMatchObject({ type: 'read', reader: ana, ids: [id(1)] });
    expect(await read()).toBeNull();
    expect((await entries()).map(({ readBy }) => readBy)).toEqual([[], [], [bytesKey(ana)]]);
  });

  it('does not believe a message to be older than the clock, nor sent after it came', async () => {
    await hear(ana, textOf('future', { id: id(1), sentAt: now + day }));
    await hear(ana, textOf('past', { id: id(2), sentAt: now - day }));
    expect((await entries()).map(({ sentAt, receivedAt }) => [sentAt, receivedAt])).toEqual([
      [now - day, now],
      [now, now],
    ]);
  });
});

describe('setTimer()', () => {
  const timers = [
    { seconds: 10, generation: 1, vector: [1, 0], id: id(1), sender: ana },
    { seconds: 20, generation: 1, vector: [1, 1], id: id(3), sender: ana },
    { seconds: 30, generation: 1, vector: [0, 2], id: id(3), sender: ben },
    { seconds: null, generation: 1, vector: [0, 0], id: id(4), sender: ana },
    { seconds: 40, generation: 0, vector: [7, 7], id: id(5), sender: ben },
  ];

  it('arrives at the same timer in whatever order the messages come', async () => {
    for (const order of ['01234', '43210', '13042', '20143', '24130']) {
      await begin({ type: 'all' });
      await state.transact((tx) => {
        for (const i of order) {
          const { seconds, ...order } = timers[Number(i)] as (typeof timers)[0];
          setTimer(tx, group, seconds, order);
        }
      });
      // Of the newest generation, and of those whose sender had seen most there, the greater id, and sender.
      expect(state.get(tables.conversations, bytesKey(group))?.timerSeconds).toBe(30);
    }
  });

  it('tells of a timer only if it counts', async () => {
    const timer = (seconds: number, n: number, vector: number[], generation: number) =>
      change(ana, { type: 'timer', seconds }, n, stepOf(...vector), generation);
    expect(await timer(60, 1, [3, 3], 1)).toEqual({ type: 'timer', group, by: ana, seconds: 60 });
    expect(await timer(90, 2, [1, 1], 1)).toBeNull();
    expect(await timer(90, 3, [9, 9], 0)).toBeNull();
    expect(await timer(90, 4, [0, 0], 2)).toMatchObject({ type: 'timer', seconds: 90 });
  });
});

describe('disappearing messages', () => {
  const timed = (text: string, n: number, timerSeconds: number) => textOf(text, { id: id(n), timerSeconds });
  const expire = () => state.transact((tx) => expireMessages(tx, now));

  it('are gone from the store when their time is up, and the next one says when it is', async () => {
    await hear(ana, timed('a minute', 1, 60));
    await hear(ana, timed('an hour', 2, 3600));
    await hear(ana, textOf('stays', { id: id(3) }));
    expect(await expire()).toBe(now + 60);
    now += 60;
    expect(await expire()).toBe(now - 60 + 3600);
    expect(await shown()).toEqual(['an hour', 'stays']);
    expect(stored()).not.toContain('a minute');
    now += 3600;
    expect(await expire()).toBeNull();
    expect(stored()).not.toContain('an hour');
    expect(state.all(tables.expiring)).toEqual([]);
    // A late edit brings nothing back.
    await change(ana, { type: 'edit', target: id(1), text: 'a minute more' }, 4);
    expect(stored()).not.toContain('minute');
  });

  it('count for this client’s own from when they are sealed', async () => {
    await say(timed('mine', 1, 60));
    now += day;
    expect(await expire()).toBeNull();
    await state.transact((tx) =>
      noteSealed(tx, group, timed('mine', 1, 60), { generation: 0, step: stepOf(0, 0), sender: own }, now),
    );
    expect(await expire()).toBe(now + 60);
    now += 60;
    await expire();
    expect(await shown()).toEqual([]);
  });

  it('are not told any more, even before they are swept', async () => {
    const message = await hear(ana, timed('late', 1, 60));
    const edited = await change(ana, { type: 'edit', target: id(1), text: 'later' }, 2);
    expect([await told(message), await told(edited)]).toMatchObject([{ type: 'message' }, { type: 'edited' }]);
    now += 60;
    expect([await told(message), await told(edited)]).toEqual([null, null]);
  });

  it('leave nothing of their edits either, even if the application has not heard of them', async () => {
    await hear(ana, timed('one', 1, 60));
    await hear(ana, timed('two', 2, 60));
    for (const n of [1, 2]) {
      const event = await change(ana, { type: 'edit', target: id(n), text: `other ${n}` }, 10 + n);
      await state.transact((tx) => {
        tx.put(tables.numbers, '', { nextSend: 1, nextEvent: n, cursor: null });
        if (event !== null) emit(tx, event);
      });
    }
    expect(stored()).toContain('other 1');
    await change(ana, { type: 'deletion', target: id(1) }, 20);
    expect(stored()).not.toContain('other 1');
    expect(stored()).toContain('other 2');
    now += 60;
    await expire();
    expect(stored()).not.toContain('other');
  });

  it('leave many at once, page by page', async () => {
    await state.transact(async (tx) => {
      for (let i = 0; i < 600; i++) {
        const bytes = new Uint8Array(16);
        new DataView(bytes.buffer).setUint32(0, i);
        await addMessage(tx, group, ana, textOf('x', { id: bytes, timerSeconds: 5 }), false, now);
      }
    });
    now += 5;
    let rounds = 0;
    for (let next: number | null = now; next !== null && next <= now; rounds++) next = await expire();
    expect(rounds).toBe(3);
    expect(await shown()).toEqual([]);
  });
});

describe('a group’s history rule', () => {
  it('none: content stays until the application has heard it, and is nowhere after', async () => {
    await begin({ type: 'none' });
    await hear(ana, textOf('heard', { id: id(1) }));
    await hear(ana, textOf('not heard', { id: id(2) }));
    await say(textOf('mine', { id: id(3) }));
    expect(stored()).not.toContain('mine');
    await state.transact((tx) => forgetTold(tx, group, 0));
    expect(await shown()).toEqual(['not heard']);
    expect(stored()).not.toMatch(/(?<!not )heard/);
  });

  it('days: older content goes, and the record after a month, so that late copies are still known', async () => {
    await begin({ type: 'days', days: 7 });
    await hear(ana, textOf('old', { id: id(1) }));
    now += 7 * day;
    await hear(ana, textOf('new', { id: id(2) }));
    await retire();
    expect(await shown()).toEqual(['new']);
    expect(stored()).not.toContain('old');
    expect(await codeOf(hear(ana, textOf('old', { id: id(1) })))).toBe('duplicate');
    now += 25 * day;
    await retire();
    expect(await hear(ana, textOf('old', { id: id(1) }))).not.toBeNull();
  });

  it('all: nothing goes', async () => {
    await hear(ana, textOf('old', { id: id(1) }));
    now += 10_000 * day;
    await retire();
    await retire(true);
    expect(await shown()).toEqual(['old']);
  });

  it('days: a message from when the clock was ahead does not keep what came after it', async () => {
    await begin({ type: 'days', days: 7 });
    now += 365 * day;
    await hear(ana, textOf('ahead', { id: id(1) }));
    now -= 365 * day;
    await hear(ana, textOf('one', { id: id(2) }));
    now += 8 * day;
    await retire();
    expect(await shown()).toEqual(['ahead']);
  });

  it('changed to none: what was told goes at once, what was not stays until it is', async () => {
    await hear(ana, textOf('told', { id: id(1) }));
    await hear(ana, textOf('due', { id: id(2) }));
    await state.transact((tx) => {
      const conversation = tx.get(tables.conversations, bytesKey(group));
      if (conversation) tx.put(tables.conversations, bytesKey(group), { ...conversation, history: { type: 'none' } });
    });
    await retire(true, [1]);
    expect(await shown()).toEqual(['due']);
  });

  it('looks at a page at a time', async () => {
    await begin({ type: 'days', days: 1 });
    await state.transact(async (tx) => {
      for (let i = 0; i < 300; i++) {
        const bytes = new Uint8Array(16);
        new DataView(bytes.buffer).setUint32(0, i);
        await addMessage(tx, group, ana, textOf('x', { id: bytes }), false, now);
      }
    });
    now += 2 * day;
    expect(await retire()).toBe(256);
    expect(await shown()).toHaveLength(44);
  });
});
