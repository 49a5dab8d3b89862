// A company: clients in one group, over a relay in memory, that talk, change the group, lose messages and come back, as
// chance has it. A witness sees every step. Nobody's store is set back, and nobody is copied to speak: what an attacker
// does that only listens is asked here.

import { createGroup } from '../../client/courier/founding.ts';
import type { Group } from '../../client/group.ts';
import { putContact } from '../../client/state/contacts.ts';
import type { Relay } from '../../client/transport/relay.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import type { SeededRandom } from '../support/random.ts';
import { Witness } from '../support/witness.ts';
import { Phone } from './phone.ts';
import { Post } from './post.ts';

const startOfTime = 1_800_000_000;
const hour = 3600;

const actNames = [
  'say',
  'receive',
  'work',
  'wait',
  'rename',
  'add',
  'remove',
  'promote',
  'leave',
  'refresh',
  'lose',
] as const;
export type Act = (typeof actNames)[number];
export type Weights = Readonly<Record<Act, number>>;

/** A relay that, now and then, has no valid key package of somebody. */
class PoorPost extends Post {
  /** Whether there is one now. */
  hasPackages: () => boolean = () => true;

  override relay(): Relay {
    const relay = super.relay();
    return {
      ...relay,
      claimKeyPackages: async (as, claim) => {
        const { results } = await relay.claimKeyPackages(as, claim);
        const none = { package: null, code: 'no-key-package' } as const;
        return { results: results.map((result) => (this.hasPackages() ? result : none)) };
      },
    };
  }
}

/** How often an agreement does not come to somebody, and how often there is no package of somebody. */
export interface Losses {
  readonly agreements: number;
  readonly packages: number;
}

/** Who is about to open a generation, or has; told of before and after it. */
export type Listener = (phone: Phone, moment: 'before' | 'after', act: Act) => void;

export class Company {
  readonly post: PoorPost;
  readonly witness = new Witness();
  readonly phones = new Map<string, Phone>();
  readonly acts: Partial<Record<Act, number>> = {};
  readonly #random: SeededRandom;
  readonly #weights: Weights;
  readonly #listener: Listener;
  #isCalm = true;
  #names = 0;
  #said = 0;

  private constructor(random: SeededRandom, weights: Weights, losses: Losses, listener: Listener) {
    this.#random = random;
    this.#weights = weights;
    this.#listener = listener;
    this.post = new PoorPost(startOfTime, ({ type }) => {
      const isLost = !this.#isCalm && type === 'agreement' && random.chance(losses.agreements);
      return isLost ? 'vanishes' : 'arrives';
    });
    this.post.hasPackages = () => this.#isCalm || !random.chance(losses.packages);
  }

  static async start(
    random: SeededRandom,
    size: number,
    weights: Weights,
    losses: Losses,
    listener: Listener,
  ): Promise<Company> {
    const company = new Company(random, weights, losses, listener);
    const people: Phone[] = [];
    for (let i = 0; i < size; i++) people.push(await company.#newPerson());
    const [founder, ...others] = people as [Phone, ...Phone[]];
    const invites = others.map(({ invite }) => decodeInvite(invite));
    await createGroup(founder.client, invites, 'Company', { type: 'none' });
    await company.work(founder);
    company.#isCalm = false;
    return company;
  }

  async #newPerson(): Promise<Phone> {
    const phone = await Phone.register(`p${this.#names++}`, this.post, this.#random);
    for (const other of this.phones.values()) {
      await becomeContacts(phone, other);
      await becomeContacts(other, phone);
    }
    this.phones.set(phone.name, phone);
    this.#look(phone);
    return phone;
  }

  get all(): Phone[] {
    return [...this.phones.values()];
  }

  get members(): Phone[] {
    return this.all.filter(({ group }) => group?.status === 'active');
  }

  #look(phone: Phone): void {
    this.witness.look(phone.hrid, phone.client.state);
  }

  async takeIn(phone: Phone, count: number): Promise<void> {
    this.witness.step++;
    await phone.takeIn(count);
    this.#look(phone);
  }

  async work(phone: Phone): Promise<void> {
    this.witness.step++;
    await phone.work();
    this.#look(phone);
    const { group } = phone;
    if (group?.status === 'invited') await group.accept();
    if (group?.status === 'active') for (const hrid of group.requests) await group.readmit(hrid);
  }

  async step(): Promise<void> {
    const act = this.#pickAct();
    const phone = this.#random.pick(this.all);
    this.post.now += this.#random.below(20);
    try {
      if (await this.#do(act, phone)) this.acts[act] = (this.acts[act] ?? 0) + 1;
    } catch (error) {
      // What a person may not do, or not now, they are told.
      if (!(error instanceof CliquetError)) throw error;
    }
  }

  #pickAct(): Act {
    const sum = actNames.reduce((all, name) => all + this.#weights[name], 0);
    let at = (this.#random.below(10_000) / 10_000) * sum;
    for (const name of actNames) {
      at -= this.#weights[name];
      if (at < 0) return name;
    }
    return 'say';
  }

  async #do(act: Act, phone: Phone): Promise<boolean> {
    switch (act) {
      case 'receive':
        await this.takeIn(phone, 1 + this.#random.below(6));
        return true;
      case 'work':
        await this.takeIn(phone, Number.POSITIVE_INFINITY);
        await this.work(phone);
        return true;
      case 'wait':
        this.post.now += this.#random.below(this.#random.pick([60, hour, 4 * hour, 60 * hour]));
        return true;
      case 'refresh':
        this.post.now += 8 * 24 * hour;
        return true;
      case 'lose':
        return this.#lose(phone);
      case 'say':
        return phone.group?.status === 'active' && this.say(phone);
    }
    const { group } = phone;
    if (group?.status !== 'active') return false;
    this.#listener(phone, 'before', act);
    await this.#change(act, group);
    await this.work(phone);
    this.#listener(phone, 'after', act);
    return true;
  }

  async say(phone: Phone): Promise<boolean> {
    await phone.group?.send(`message ${this.#said++}`);
    await this.work(phone);
    return true;
  }

  async #change(act: Exclude<Act, 'receive' | 'work' | 'wait' | 'refresh' | 'lose' | 'say'>, group: Group) {
    const { members } = group;
    const other = this.#random.pick(members);
    switch (act) {
      case 'rename':
        return group.rename(`Company ${this.#random.below(1000)}`);
      case 'add': {
        const outside = this.all.filter((each) => !members.some(({ hrid }) => hrid === each.hrid));
        const isOld = outside.length > 0 && this.#random.chance(0.7);
        const person = isOld ? this.#random.pick(outside) : await this.#newPerson();
        return group.add([person.invite]);
      }
      case 'remove':
        return other.isSelf || members.length <= 3 ? undefined : group.remove(other.hrid);
      case 'promote':
        return group.promote(other.hrid);
      case 'leave':
        return members.length <= 3 ? undefined : group.leave();
    }
  }

  /** Everything is lost but the backup. */
  async #lose(phone: Phone): Promise<boolean> {
    const restored = await phone.restored();
    phone.delays.stop();
    this.phones.set(phone.name, restored);
    this.witness.forget(phone.hrid);
    await restored.connect();
    return true;
  }

  /** Everything arrives from now on, and time goes by; everybody says something at last. */
  async calm(rounds: number, pause: number): Promise<void> {
    this.#isCalm = true;
    for (let round = 0; round < rounds; round++) {
      for (const phone of this.all) {
        await this.takeIn(phone, Number.POSITIVE_INFINITY);
        await this.work(phone);
      }
      this.post.now += pause;
    }
  }

  stop(): void {
    for (const phone of this.all) phone.delays.stop();
  }
}

async function becomeContacts(phone: Phone, other: Phone): Promise<void> {
  await phone.client.state.transact((tx) => putContact(tx, phone.client.relay.url, decodeInvite(other.invite)));
}
