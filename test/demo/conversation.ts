// Who is in the demo's group, what they say to each other, and the keys that each of them comes to by itself: printed as
// it happens, and compared.

import assert from 'node:assert/strict';
import type { Stage } from '../../client/index.ts';
import { until } from '../support/until.ts';
import { arrow, note, short } from './print.ts';
import type { Participant } from './process.ts';

interface Said {
  readonly id: string;
  readonly text: string;
  readonly from: Participant;
  readonly to: readonly Participant[];
}

export class Conversation {
  /** In roster order. */
  members: readonly Participant[] = [];
  /** All that was said, in no particular order. */
  readonly said: Said[] = [];

  /** "A, B, C" */
  get names(): string {
    return namesOf(this.members);
  }

  /** "abc", as in SNabc */
  get x(): string {
    return this.members.map(({ x }) => x).join('');
  }

  others(one: Participant): readonly Participant[] {
    return this.members.filter((other) => other !== one);
  }

  /** Sends, and prints the arrow once the relay has accepted it. @returns the message's id */
  async send(from: Participant, text: string, key: string, how: 'send' | 'accept' = 'send'): Promise<string> {
    const { members } = this;
    const to = this.others(from);
    const id = await from.ask<string>({ do: how, text });
    this.said.push({ id, text, from, to });
    const { step } = await from.event('accepted', (event) => event.id === id);
    const number = (step.vector[members.indexOf(from)] ?? 0) + 1;
    const leaf = `E${number}PK${from.x}`;
    arrow(from.name, namesOf(to), `cipher(${key}, ${leaf} + "${text}")`, { [leaf]: short(step.leaf ?? '') });
    return id;
  }

  /** All come to the same key, each by itself, when these messages are opened. */
  async compareKeyAt(name: string, vector: readonly number[]): Promise<void> {
    const stages = await Promise.all(this.members.map((one) => one.ask<Stage>({ do: 'reach', vector })));
    for (const stage of stages) assert.deepEqual(stage.vector, vector, 'messages opened');
    this.#compare(name, stages);
  }

  /** The same when everybody has opened all there is: empty messages, which new members owe, count among them. */
  async compareKey(name: string): Promise<void> {
    const stages = await until(async () => {
      const all = await Promise.all(this.members.map((one) => one.ask<Stage>({ do: 'stage' })));
      return new Set(all.map(({ vector }) => vector.join())).size === 1 && all;
    });
    this.#compare(name, stages);
  }

  #compare(name: string, stages: readonly Stage[]): void {
    const keys = new Set(stages.map(({ groupKey }) => groupKey));
    assert.equal(keys.size, 1, `${name} differs between the clients`);
    const counts = `${stages[0]?.vector.join(', ')} messages of ${this.names}`;
    note(this.names, `compute ${name}, each by itself, after ${counts}: equal`, { [name]: [...keys].join() });
  }

  /** All see the same safety number. @returns it */
  async compareSafetyNumber(): Promise<string> {
    const numbers = await Promise.all(this.members.map((one) => one.ask<string>({ do: 'safetyNumber' })));
    const name = `SN${this.x}`;
    assert.equal(new Set(numbers).size, 1, `${name} differs`);
    const [number = ''] = numbers;
    note(this.names, `check ${name}, out of band: equal on all ${numbers.length}`, { [name]: number });
    return number;
  }

  /** One has read everything that was said to it, once, and everybody to whom it spoke has that. */
  async checkRead(one: Participant): Promise<void> {
    const heard = this.said.filter(({ to }) => to.includes(one));
    for (const { id } of heard) await one.event('message', (event) => event.id === id);
    const read = one.events.flatMap((event) => (event.type === 'message' ? event.id : []));
    assert.deepEqual(read.toSorted(), heard.map(({ id }) => id).toSorted(), `what ${one.name} has read`);
    const own = this.said.filter(({ from }) => from === one);
    for (const { id } of own) await one.event('delivered', (event) => event.id === id);
  }
}

const namesOf = (all: readonly Participant[]) => all.map(({ name }) => name).join(', ');
