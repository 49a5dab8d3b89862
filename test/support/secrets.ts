// The rules of agreements and of the ratchet without any cryptography, across generations: what follows from the secrets
// that some copies hold, by name. Leaves go by their public keys, as generations hand them on.

import { bytesKey } from '../../client/wire/bytes.ts';
import type { AgreementHeader } from '../../client/wire/envelope.ts';
import type { Loot } from './copier.ts';
import { type Atom, type Clause, Contributions, follow } from './model.ts';
import { messageName, type SeenGeneration, type SeenMessage, type Witness } from './witness.ts';

const chainAtom = (generation: string, member: number, number: number): Atom =>
  `chain ${generation} ${member} ${number}`;
const secretAtom = (generation: string, member: number, from: number): Atom => `secret ${generation} ${member} ${from}`;
const leafAtom = (leaf: string): Atom => `leaf ${leaf}`;
const exportAtom = (generation: string): Atom => `export ${generation}`;
const packageAtom = (id: string): Atom => `package ${id}`;
const agreementAtom = (id: string): Atom => `agreement ${id}`;
const contentAtom = (name: string): Atom => `content ${name}`;

/** What a copy holds, by name. */
function atomsOf({ ratchets, exports, packages, leaves }: Loot): Atom[] {
  const held = ratchets.flatMap(({ generation, members }) => {
    const key = bytesKey(generation);
    return members.flatMap(({ opened, contributions }, member) => [
      chainAtom(key, member, opened),
      ...contributions.map(({ from }) => secretAtom(key, member, from)),
    ]);
  });
  return [
    ...held,
    ...leaves.map(({ leaf }) => leafAtom(bytesKey(leaf))),
    ...exports.map(({ generation }) => exportAtom(generation)),
    ...packages.flatMap(({ id, leaf }) => [packageAtom(bytesKey(id)), leafAtom(bytesKey(leaf))]),
  ];
}

export class Secrets {
  readonly #witness: Witness;
  readonly #clauses: Clause[];

  constructor(witness: Witness, messages: readonly SeenMessage[]) {
    this.#witness = witness;
    const generations = [...witness.generations.values()];
    this.#clauses = generations.flatMap((generation) => [
      ...this.#clausesOfAgreement(generation),
      ...this.#clausesOfMessages(
        generation,
        messages.filter((message) => message.generation === generation.id),
      ),
    ]);
  }

  /** What somebody who holds these copies and everything that was sent can open. */
  open(loots: readonly Loot[]): { readonly messages: Set<string>; readonly agreements: Set<string> } {
    const known = [...follow(this.#clauses, loots.flatMap(atomsOf))];
    const named = (kind: string) =>
      new Set(known.filter((atom) => atom.startsWith(kind)).map((atom) => atom.slice(kind.length)));
    return { messages: named(contentAtom('')), agreements: named(agreementAtom('')) };
  }

  #clausesOfAgreement({ id, members }: SeenGeneration): Clause[] {
    const headers = [...(this.#witness.headers.get(id) ?? [])];
    const starts = members.flatMap((_, member) => [chainAtom(id, member, 0), secretAtom(id, member, 0)]);
    return [
      ...headers.map(([hrid, header]) => ({ premises: this.#premisesOf(hrid, header), conclusion: agreementAtom(id) })),
      ...[exportAtom(id), ...starts].map((conclusion) => ({ premises: [agreementAtom(id)], conclusion })),
    ];
  }

  /** What a header is keyed with: all of it is needed. */
  #premisesOf(hrid: string, { package: id, leaf, exportGeneration }: AgreementHeader): Atom[] {
    const premises: Atom[] = [];
    if (id !== null) premises.push(packageAtom(bytesKey(id)));
    if (leaf !== null) premises.push(leafAtom(this.#witness.leafOf(hrid, leaf)));
    if (exportGeneration !== null) premises.push(exportAtom(bytesKey(exportGeneration)));
    return premises;
  }

  #clausesOfMessages({ id, members }: SeenGeneration, messages: readonly SeenMessage[]): Clause[] {
    const contributions = new Contributions(members.length, messages);
    return messages.flatMap(({ sender, number, vector, full }): Clause[] => {
      const name = messageName(id, sender, number);
      const named = vector.map((count, member) => contributions.named(member, count));
      const key = `key ${name}`;
      const chain = chainAtom(id, sender, number);
      const step = { premises: [chain], conclusion: chainAtom(id, sender, number + 1) };
      const opens = { premises: [chain, ...named.map((from, m) => secretAtom(id, m, from))], conclusion: key };
      if (!full) return [step, opens, { premises: [key], conclusion: contentAtom(name) }];
      const secret = secretAtom(id, sender, number + 1);
      const wraps = named.map((from, member) => {
        const leaf = this.#witness.leaf(id, member, member === sender ? number + 1 : from);
        return { premises: [key, leafAtom(leaf)], conclusion: secret };
      });
      return [step, opens, ...wraps, { premises: [key, secret], conclusion: contentAtom(name) }];
    });
  }
}
