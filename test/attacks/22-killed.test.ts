// Attack 22: killed at every await between receiving and acknowledging, and between sending and being accepted. What is
// on disk changes only in calls of the store, and what the relay has only in what follows from them; so a client that is
// frozen for ever before a call of the store or of the curves, or in it after its effect, stands for one that was killed
// at any await between two such calls. (Real kills, at random moments, are in test/kills/.)

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client, type MemoryStore, memoryStore } from '../../client/index.ts';
import { type Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { curves } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

/** Counts calls, and lets none come back once its time has come. */
class Gate {
  readonly #at: number;
  readonly #afterEffect: boolean;
  calls = 0;
  frozen = false;

  constructor(at: number, afterEffect: boolean) {
    this.#at = at;
    this.#afterEffect = afterEffect;
  }

  guard<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      if (this.frozen) return new Promise<never>(() => {});
      if (++this.calls !== this.#at) {
        const result = await call(...args);
        return this.frozen ? new Promise<never>(() => {}) : result;
      }
      this.frozen = true;
      if (this.#afterEffect) await call(...args);
      return new Promise<never>(() => {});
    };
  }

  store(store: MemoryStore): MemoryStore {
    return {
      ...store,
      get: this.guard(store.get),
      list: this.guard(store.list),
      range: this.guard(store.range),
      commit: this.guard(store.commit),
    };
  }

  get curves(): typeof curves {
    const guarded = { ...curves };
    for (const name of ['sign', 'verify', 'agree'] as const) {
      Object.assign(guarded, {
        [name]: this.guard(curves[name].bind(curves) as (...args: never[]) => Promise<unknown>),
      });
    }
    return guarded;
  }
}

it('loses and doubles nothing, wherever it is', async () => {
  const devices = (await registerDevices(relay, 'frozen', 2)) as [Device, Device];
  const [a, b] = devices;
  await foundGroupOf(devices);
  await a.client.settled();
  await a.client.close();

  let entries = a.store.entries();
  const read: string[] = [];
  const said: string[] = [];
  /** The last event that the application has dealt with, kept with its log as one. */
  let after = -1;
  const listen = async (client: Client) => {
    for await (const event of client.events({ after })) {
      after = event.number;
      if (event.type === 'message' && event.content.type === 'text') read.push(event.content.text);
      if (['refused', 'gap', 'clone', 'rolled-back', 'failed'].includes(event.type)) read.push(event.type);
    }
  };
  let reached = true;
  // Each point twice: before the call, and in it after its effect.
  for (let turn = 0; reached; turn++) {
    // Something waits to be received, and something to be sent.
    await b.group.send(`b ${turn}`);
    await b.client.settled();
    const gate = new Gate(1 + Math.floor(turn / 2), turn % 2 === 1);
    const store = memoryStore(entries);
    const id = Buffer.alloc(16, 0).fill(`a ${turn}`).toString('base64url');
    // A life that ends somewhere, or nowhere: then all calls have had their turn.
    const life = await Promise.race([
      Client.open({ relay: relay.url, store: gate.store(store), curves: gate.curves }),
      until(() => gate.frozen).then(() => null),
    ]);
    if (life !== null) {
      void listen(life);
      void life.groups[0]?.send(`a ${turn}`, { id });
      await Promise.race([
        until(() => gate.frozen),
        until(() => read.includes(`b ${turn}`)).then(() => life.settled()),
      ]);
    }
    reached = gate.frozen;
    // The next life knows nothing but what the store and the application's log have.
    const left = memoryStore(store.entries());
    const next = await Client.open({ relay: relay.url, store: left });
    const listening = listen(next);
    await next.groups[0]?.send(`a ${turn}`, { id });
    said.push(`a ${turn}`);
    await until(() => read.includes(`b ${turn}`));
    await next.settled();
    await next.close();
    await listening;
    entries = left.entries();
    expect(read).toEqual(Array.from({ length: turn + 1 }, (_, i) => `b ${i}`));
  }
  await until(() => b.texts.length >= said.length);
  expect(b.texts).toEqual(said);
  expect(b.all('refused')).toEqual([]);
  expect(said.length).toBeGreaterThan(60);
  await b.client.close();
}, 600_000);
