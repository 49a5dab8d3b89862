// People who know each other, each with a phone, in one group, over a relay that does what a test wants. People are named
// by a letter.

import { createGroup } from '../../client/courier/founding.ts';
import { receiveEntry } from '../../client/courier/inbox.ts';
import { type Claimed, claim } from '../../client/courier/opener.ts';
import type { Group } from '../../client/group.ts';
import type { VerifiedKeyPackage } from '../../client/protocol/key-package.ts';
import type { Generation, Lineage } from '../../client/protocol/lineage.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import { putContact } from '../../client/state/contacts.ts';
import { loadLineage } from '../../client/state/lineages.ts';
import { type GroupRecord, tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import type { ForgedNext } from '../support/forge-next.ts';
import { startOfTime, textContent } from '../support/group.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import { Phone } from './phone.ts';
import { Post } from './post.ts';

/** An envelope on its way to one recipient. */
export interface Letter {
  readonly from: string;
  readonly to: string;
  readonly type: Envelope['type'];
  readonly header: Bytes;
  readonly body: Bytes;
}

export class Circle {
  readonly random: SeededRandom;
  readonly post: Post;
  /** What the relay keeps to itself. */
  withholds: (letter: Pick<Letter, 'from' | 'to' | 'type'>) => boolean = () => false;
  readonly #phones = new Map<string, Phone>();

  private constructor(seed: string) {
    this.random = seededRandom(`circle ${seed}`);
    this.post = new Post(startOfTime, ({ type }, from, to) =>
      this.withholds({ type, from: this.nameOf(from), to: this.nameOf(to) }) ? 'vanishes' : 'arrives',
    );
  }

  /** @param names  all are contacts of each other; nobody is in a group yet */
  static async meet(seed: string, names: string): Promise<Circle> {
    const circle = new Circle(seed);
    for (const name of names) await circle.join(name);
    return circle;
  }

  /**
   * @param members  the first one founds the group; a capital letter is an admin, of the name in small
   * @param others   who is not in it
   */
  static async found(seed: string, members: string, others = ''): Promise<Circle> {
    const circle = await Circle.meet(seed, (members + others).toLowerCase());
    const [first = '', ...rest] = members;
    const founder = circle.phone(first.toLowerCase());
    const invites = rest.map((name) => decodeInvite(circle.phone(name.toLowerCase()).invite));
    await createGroup(founder.client, invites, 'Circle', { type: 'all' });
    await circle.settle();
    for (const name of rest.filter((each) => each !== each.toLowerCase())) {
      await circle.group(founder.name).promote(circle.phone(name.toLowerCase()).hrid);
    }
    await circle.settle();
    return circle;
  }

  /** Somebody gets a phone, and knows nobody. */
  async visit(name: string): Promise<Phone> {
    const phone = await Phone.register(name, this.post, this.random);
    this.#phones.set(name, phone);
    return phone;
  }

  /** Somebody gets a phone, and knows everybody. */
  async join(name: string): Promise<Phone> {
    const phone = await Phone.register(name, this.post, this.random);
    for (const other of this.#phones.values()) {
      await acquaint(phone, other);
      await acquaint(other, phone);
    }
    this.#phones.set(name, phone);
    return phone;
  }

  phone(name: string): Phone {
    const phone = this.#phones.get(name);
    if (phone === undefined) throw new RangeError(`nobody is called ${name}`);
    return phone;
  }

  /** Somebody goes on with another phone. */
  async replace(name: string, phone: Phone): Promise<void> {
    this.#phones.set(name, phone);
    await phone.connect();
  }

  get names(): string {
    return [...this.#phones.keys()].join('');
  }

  nameOf(hrid: Bytes | string): string {
    const key = typeof hrid === 'string' ? hrid : bytesKey(hrid);
    return [...this.#phones].find(([, phone]) => phone.hrid === key)?.[0] ?? '?';
  }

  group(name: string): Group {
    const { group } = this.phone(name);
    if (group === undefined) throw new RangeError(`${name} is in no group`);
    return group;
  }

  record(name: string): GroupRecord {
    const [first] = this.phone(name).client.state.all(tables.groups);
    if (first === undefined) throw new RangeError(`${name} is in no group`);
    return first.value;
  }

  lineage(name: string): Lineage {
    return loadLineage(this.phone(name).client.state, this.record(name).id);
  }

  /** The generation that counts for somebody. */
  tip(name: string): Generation {
    const tip = this.lineage(name).get(bytesKey(this.record(name).generation));
    if (tip === undefined) throw new RangeError(`${name} knows of no generation`);
    return tip;
  }

  /** Who is in the group by what somebody knows, in roster order; admins are capital. */
  roster(name: string): string {
    const letter = ({ hrid, role }: GroupRecord['roster'][number]) =>
      role === 'admin' ? this.nameOf(hrid).toUpperCase() : this.nameOf(hrid);
    return this.record(name).roster.map(letter).join('');
  }

  /** What several of them hold to be the group, if it is the same for all: the roster, and the same generation. */
  agreed(names: string): string {
    const views = new Set([...names].map((name) => `${bytesKey(this.record(name).generation)} ${this.roster(name)}`));
    return [...views].map((view) => view.split(' ')[1]).join(' or ');
  }

  /** What somebody was told: types of events, with the code of what was refused. What is only news of delivery is left out. */
  told(name: string): string[] {
    const dull = ['accepted', 'confirmed', 'delivered', 'contribution', 'message', 'joined'];
    return this.phone(name)
      .events.filter(({ type }) => !dull.includes(type))
      .map((event) => (event.type === 'refused' ? `refused ${event.code}` : event.type));
  }

  /** Says something; it leaves at once if it can. */
  async say(name: string, text: string): Promise<void> {
    await this.group(name).send(text);
    await this.phone(name).work();
  }

  /** Some, or all, take in what has come and do what is due, until it is quiet. */
  async settle(names: string = this.names): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const name of names) await this.phone(name).settle();
    }
  }

  /** Time goes by, and everybody does what is due. */
  async pass(seconds: number, steps = 1, names: string = this.names): Promise<void> {
    if (!Number.isInteger(seconds / steps)) throw new RangeError('"seconds" expected a multiple of "steps"');
    for (let step = 0; step < steps; step++) {
      this.post.now += seconds / steps;
      await this.settle(names);
    }
  }

  /** Everything that was sent, as the relay sees it. */
  get letters(): Letter[] {
    return this.post.recorded.flatMap(({ from, send }) =>
      send.to.map(({ hrid, header }) => ({
        from: this.nameOf(from),
        to: this.nameOf(hrid),
        type: Envelope.decode(send.body).type,
        header,
        body: send.body,
      })),
    );
  }

  /** Packages of others, as somebody claims them at the relay. */
  async claim(name: string, of: string): Promise<ReadonlyMap<string, VerifiedKeyPackage>> {
    const members = [...of].map((each) => this.phone(each).client.self);
    const claimed = new Map<string, Claimed>();
    await claim(
      this.phone(name).client,
      members.map(({ hrid, identity }) => ({ hrid, pk: identity.pk })),
      claimed,
    );
    return new Map([...claimed].flatMap(([key, found]) => (found.package ? [[key, found.package]] : [])));
  }

  /** What a member has forged is handed out as the relay would, to those named who can open it. */
  spread(name: string, { headers, body }: Pick<ForgedNext, 'headers' | 'body'>, to: string = this.names): void {
    for (const each of to) {
      const header = headers.get(this.phone(each).hrid);
      if (each !== name && header !== undefined) this.hand({ from: name, to: each, header, body });
    }
  }

  /** A text that somebody seals with a ratchet that it should not have, or should not use, handed to those named. */
  async saySecretly(name: string, ratchet: Ratchet, text: string, to: string = this.names): Promise<Ratchet> {
    const { client } = this.phone(name);
    const content = textContent(this.random, text);
    const { seed } = client.self.identity;
    const sealed = await sealMessage(client.curves, client.random, ratchet, seed, content, this.post.now);
    for (const [position, { hrid }] of ratchet.members.entries()) {
      const header = sealed.headers[position];
      const recipient = this.nameOf(hrid);
      if (header !== undefined && recipient !== name && to.includes(recipient)) {
        this.hand({ from: name, to: recipient, header, body: sealed.body });
      }
    }
    return sealed.ratchet;
  }

  /** The last of a kind that somebody has sent to somebody. */
  letter(type: Letter['type'], from: string, to: string): Letter {
    const letter = this.letters.findLast((each) => each.type === type && each.from === from && each.to === to);
    if (letter === undefined) throw new RangeError(`${from} has sent no ${type} to ${to}`);
    return letter;
  }

  /** What some do at the same time: nothing of it has arrived anywhere yet. */
  async apart(acts: Readonly<Record<string, (group: Group) => Promise<void>>>): Promise<Letter[]> {
    const before = this.letters.length;
    const { withholds } = this;
    this.withholds = () => true;
    for (const [name, act] of Object.entries(acts)) {
      await act(this.group(name));
      await this.phone(name).work();
    }
    this.withholds = withholds;
    return this.letters.slice(before);
  }

  /** Somebody's phone, a copy perhaps, takes letters in, in this order. */
  async read(phone: Phone, letters: readonly Omit<Letter, 'to' | 'type'>[]): Promise<void> {
    for (const { from, header, body } of letters) {
      const entry = { type: 'message', seq: 0, from: this.phone(from).client.self.hrid, header, body } as const;
      await phone.client.state.transact((tx) => receiveEntry(tx, phone.client, entry, this.post.now));
    }
  }

  /** The relay hands something out, perhaps again or to somebody else. */
  hand({ from, to, header, body }: Omit<Letter, 'type'>): void {
    this.post.deliver(this.phone(to).client.self.hrid, this.phone(from).client.self.hrid, header, body);
  }
}

async function acquaint(phone: Phone, other: Phone): Promise<void> {
  await phone.client.state.transact((tx) => putContact(tx, phone.client.relay.url, decodeInvite(other.invite)));
}
