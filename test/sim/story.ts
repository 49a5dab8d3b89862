// A story: a group in which people come and go, talk, lose their phones and come back, over a relay that loses messages;
// and what must be true in the end, however it went.

import { createGroup } from '../../client/courier/founding.ts';
import type { Group } from '../../client/group.ts';
import { putContact } from '../../client/state/contacts.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import type { SeededRandom } from '../support/random.ts';
import { type Copy, Phone } from './phone.ts';
import { type Fate, Post } from './post.ts';
import { type ActName, actNames, adminActs, anyTemper, type Temper } from './temper.ts';
import { compareViews, doubledFor, lostFor, type Said } from './verdict.ts';

const startOfTime = 1_800_000_000;
const hour = 3600;
const day = 24 * hour;
/** What is lost is told a month after, at the latest. */
const restSeconds = 34 * day;
/** More answers than that to one another in one moment are none. */
const maxRounds = 20;

export interface Outcome {
  readonly messages: number;
  /** In words; nothing if all is as it should be. */
  readonly diverged: readonly string[];
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** What happened, and how often. */
  readonly acts: Readonly<Record<string, number>>;
  /** What was told as missed. */
  readonly missed: number;
  readonly envelopes: Readonly<Record<string, number>>;
}

export class Story {
  readonly post: Post;
  readonly #random: SeededRandom;
  readonly #temper: Temper;
  readonly #phones = new Map<string, Phone>();
  readonly #dead = new Set<string>();
  readonly #copies = new Map<string, Copy>();
  readonly #said: Said[] = [];
  readonly #acts: Record<string, number> = {};
  #names = 0;
  #isCalm = false;

  private constructor(random: SeededRandom, temper: Temper) {
    this.#random = random;
    this.#temper = temper;
    this.post = new Post(startOfTime, () => this.#fate());
  }

  static async play(random: SeededRandom): Promise<Outcome> {
    const story = new Story(random, anyTemper(random));
    await story.#begin(2 + random.below(6));
    const steps = 40 + random.below(81);
    for (let step = 0; step < steps; step++) await story.#step();
    await story.#comeToRest();
    return story.#judge();
  }

  #fate(): Fate {
    if (this.#isCalm) return 'arrives';
    if (this.#random.chance(this.#temper.expires)) return 'expires';
    return this.#random.chance(this.#temper.vanishes) ? 'vanishes' : 'arrives';
  }

  async #begin(size: number): Promise<void> {
    const people = [];
    for (let i = 0; i < size; i++) people.push(await this.#newPerson());
    const [founder, ...others] = people as [Phone, ...Phone[]];
    const invites = others.map(({ invite }) => decodeInvite(invite));
    await createGroup(founder.client, invites, 'Story', { type: 'all' });
    await founder.work();
  }

  async #newPerson(): Promise<Phone> {
    const phone = await Phone.register(`p${this.#names++}`, this.post, this.#random);
    for (const other of this.#phones.values()) {
      await becomeContacts(phone, other);
      await becomeContacts(other, phone);
    }
    this.#phones.set(phone.name, phone);
    return phone;
  }

  /** The devices that are alive, and in the group as they know it. */
  #members(): Phone[] {
    return [...this.#phones.values()].filter(({ name, group }) => !this.#dead.has(name) && group?.status === 'active');
  }

  #alive(): Phone[] {
    return [...this.#phones.values()].filter(({ name }) => !this.#dead.has(name));
  }

  async #step(): Promise<void> {
    const act = this.#pickAct();
    const phone = this.#actor(act);
    this.post.now += this.#random.below(20);
    try {
      if (await this.#do(act, phone)) this.#acts[act] = (this.#acts[act] ?? 0) + 1;
    } catch (error) {
      // What a person may not do, or not now, they are told.
      if (!(error instanceof CliquetError)) throw error;
      const name = `${act}: ${error.code}`;
      this.#acts[name] = (this.#acts[name] ?? 0) + 1;
    }
  }

  /** Mostly somebody who may; members try what they may not now and then. */
  #actor(act: ActName): Phone {
    const isAdmin = ({ group }: Phone) => group?.members.some(({ isSelf, role }) => isSelf && role === 'admin');
    const admins = adminActs.includes(act) && this.#random.chance(0.85) ? this.#members().filter(isAdmin) : [];
    return this.#random.pick(admins.length > 0 ? admins : this.#alive());
  }

  #pickAct(): ActName {
    const weights = actNames.map((name) => this.#temper.acts[name]);
    let at = (this.#random.below(1000) / 1000) * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, weight] of weights.entries()) {
      at -= weight;
      if (at < 0) return actNames[i] as ActName;
    }
    return 'send';
  }

  async #do(act: ActName, phone: Phone): Promise<boolean> {
    const { group } = phone;
    switch (act) {
      case 'receive':
        await phone.takeIn(1 + this.#random.below(8));
        return true;
      case 'work':
        await phone.settle();
        await this.#answerPeople(phone);
        return true;
      case 'wait':
        this.post.now += this.#random.below(this.#random.pick([60, hour, 4 * hour, day]));
        return true;
      case 'copy':
        this.#copies.set(phone.name, phone.copy());
        return true;
    }
    if (group?.status !== 'active') return false;
    const others = group.members.filter(({ isSelf }) => !isSelf);
    const other = others.length === 0 ? undefined : this.#random.pick(others);
    switch (act) {
      case 'send':
        return this.#send(phone, group);
      case 'add': {
        if (group.members.length >= 12) return false;
        const outside = this.#alive().filter(
          (each) => each.group?.status !== 'active' && !group.members.some(({ hrid }) => hrid === each.hrid),
        );
        const person =
          outside.length > 0 && this.#random.chance(0.5) ? this.#random.pick(outside) : await this.#newPerson();
        await group.add([person.invite]);
        break;
      }
      case 'remove':
        if (other === undefined) return false;
        await group.remove(other.hrid);
        break;
      case 'promote':
        if (other === undefined) return false;
        await group.promote(other.hrid);
        break;
      case 'demote':
        await group.demote(this.#random.pick(group.members).hrid);
        break;
      case 'rename':
        await group.rename(`Story ${this.#random.below(1000)}`);
        break;
      case 'leave':
        if (this.#members().length <= 2) return false;
        await group.leave();
        break;
      case 'die':
        if (this.#members().length <= 2) return false;
        this.#dead.add(phone.name);
        return true;
      case 'rollBack':
        return this.#rollBack(phone);
      case 'clone':
        return this.#clone(phone);
      case 'lose':
        return this.#lose(phone);
    }
    await phone.work();
    return true;
  }

  async #send(phone: Phone, group: Group): Promise<boolean> {
    const text = `${phone.name} says ${this.#said.length}`;
    this.#said.push({ text, author: phone.name, at: this.post.now });
    await group.send(text);
    await phone.work();
    return true;
  }

  /** The store is replaced by an older copy of it. */
  async #rollBack(phone: Phone): Promise<boolean> {
    const copy = this.#copies.get(phone.name);
    if (copy === undefined) return false;
    const older = await phone.from(copy);
    if (older.group === undefined) return false;
    phone.delays.stop();
    // What was shown by the newer store is not shown again if nobody has it any more.
    older.forgotten = new Set([...phone.forgotten, ...phone.shown.filter((text) => !older.shown.includes(text))]);
    this.#phones.set(phone.name, older);
    // Whoever is missed by people whom the older store does not know exchanges invites with them again.
    for (const other of this.#phones.values()) if (other !== older) await becomeContacts(older, other);
    await older.connect();
    return true;
  }

  /** A second device runs from a copy, says something, and is switched off again. */
  async #clone(phone: Phone): Promise<boolean> {
    const clone = await phone.from(this.#copies.get(phone.name) ?? phone.copy());
    if (clone.group?.status !== 'active') return false;
    await clone.connect();
    await clone.group.send(`the clone of ${phone.name} says ${this.#said.length}`);
    await clone.work();
    await phone.connect();
    return true;
  }

  /** Everything is lost but the backup. */
  async #lose(phone: Phone): Promise<boolean> {
    const restored = await phone.restored();
    this.#copies.delete(phone.name);
    this.#phones.set(phone.name, restored);
    await restored.connect();
    return true;
  }

  /** What only people can decide: they accept invitations, and let in again who they know it is. */
  async #answerPeople(phone: Phone): Promise<void> {
    const { group } = phone;
    if (group?.status === 'invited') await group.accept();
    if (group?.status !== 'active') return;
    for (const hrid of group.requests) await group.readmit(hrid);
  }

  /** Everything arrives from now on, and time goes by until nothing is to be done any more. */
  async #comeToRest(): Promise<void> {
    this.#isCalm = true;
    const start = this.post.now;
    while (this.post.now < start + restSeconds) {
      await this.#settleAll();
      const next = Math.min(...this.#alive().map(({ delays }) => delays.next));
      const passed = this.post.now - start;
      const least = passed < hour ? 20 : passed < 6 * hour ? 600 : passed < 3 * day ? 2 * hour : day;
      this.post.now = Math.max(this.post.now + least, Math.min(Math.ceil(next), this.post.now + day));
    }
    await this.#settleAll();
  }

  /** Everybody takes in everything and answers, until nobody has anything to say. */
  async #settleAll(): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const sent = this.post.recorded.length;
      for (const phone of this.#alive()) {
        await phone.settle();
        await this.#answerPeople(phone);
      }
      if (this.post.recorded.length === sent && this.#alive().every(({ waiting }) => waiting === 0)) return;
    }
  }

  async #judge(): Promise<Outcome> {
    const { inGroup, diverged } = compareViews(this.#members());
    diverged.push(...(await this.#checkTalking([...inGroup])));
    const { phones, dead, said } = { phones: this.#phones, dead: this.#dead, said: this.#said };
    const world = { phones, dead, said, vanishes: this.#temper.vanishes > 0 };
    const lost: string[] = [];
    for (const phone of inGroup) lost.push(...(await lostFor(phone, world)));
    const alive = this.#alive();
    for (const phone of phones.values()) phone.delays.stop();
    return {
      messages: said.length,
      diverged,
      lost,
      doubled: alive.flatMap(doubledFor),
      acts: this.#acts,
      missed: alive.flatMap(({ events }) => events.filter(({ type }) => type === 'missed')).length,
      envelopes: this.post.counts,
    };
  }

  /** Everyone who remains can message everyone. */
  async #checkTalking(members: readonly Phone[]): Promise<string[]> {
    const diverged: string[] = [];
    for (const phone of members) await this.#send(phone, phone.group as Group);
    for (let round = 0; round < 4; round++) {
      for (const phone of this.#alive()) await phone.settle();
      this.post.now += 60;
    }
    const last = this.#said.slice(this.#said.length - members.length);
    for (const { text, author } of last) {
      for (const phone of this.#alive()) {
        const isMember = members.includes(phone);
        const isShown = phone.shown.includes(text);
        if (phone.name !== author && isMember && !isShown) diverged.push(`${phone.name} does not hear ${author}`);
        if (!isMember && isShown) diverged.push(`${phone.name} is not in the group, and reads what ${author} says`);
      }
    }
    return diverged;
  }
}

async function becomeContacts(phone: Phone, other: Phone): Promise<void> {
  await phone.client.state.transact((tx) => putContact(tx, phone.client.relay.url, decodeInvite(other.invite)));
}
