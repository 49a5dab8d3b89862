// 13b. What an agreement tells of the group's history, made as large, as old or as tangled as members can: the others take it
// in, carry out what is to be carried out, and go on.

import { describe, expect, test } from 'vitest';
import { seal } from '../../client/crypto/aead.ts';
import { noticeKey } from '../../client/protocol/agreement.ts';
import { type Generation, pathTo } from '../../client/protocol/lineage.ts';
import { exportSecretOf } from '../../client/state/generations.ts';
import { deleteLineage } from '../../client/state/lineages.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { Notice } from '../../client/wire/record.ts';
import { Circle } from '../sim/circle.ts';
import { forgeNext } from '../support/forge-next.ts';
import { SignedTree } from '../support/records.ts';

/** What of somebody's refusals was told. */
const refusals = (circle: Circle, name: string) => circle.told(name).filter((type) => type.startsWith('refused'));

describe('a history that begins before what a newcomer knows', () => {
  test('is taken in by it, the founding too, if somebody has not been heard since', async () => {
    const circle = await Circle.found('since the founding', 'ABcs', 'n');
    circle.withholds = ({ from, to }) => from === 's' && to === 'a';
    for (let n = 0; n < 40; n++) {
      await circle.group(n % 2 === 0 ? 'b' : 'c').rename(`Name ${n}`);
      await circle.settle('abc');
    }
    for (const name of 'abcs') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    await circle.group('b').add([circle.phone('n').invite]);
    await circle.settle();
    await circle.group('a').rename('By the founder');
    await circle.settle();
    expect(refusals(circle, 'n')).toEqual([]);
    expect(circle.agreed('abcsn')).toBe('ABcsn');
    expect(circle.group('n').name).toBe('By the founder');
  });
});

describe('where nothing is known of the lineage', () => {
  test('a notice proves nothing: no member makes up a founding of its own, and removes others by it', async () => {
    const circle = await Circle.found('made up', 'Abz');
    const { id, generation } = circle.record('b');
    const { state } = circle.phone('b').client;
    // As in a store of an older version.
    await state.transact((tx) => deleteLineage(tx, id));
    const tree = new SignedTree([circle.phone('z').client.self, circle.phone('b').client.self], id);
    const removal = await tree.next(await tree.found(), 0, { removed: [1] });
    const nonce = circle.random.bytes(24);
    const history = [...tree.values()].map(({ signed }) => signed);
    expect(history.at(-1)).toBe(removal.signed);
    const secret = exportSecretOf(circle.phone('z').client.state, generation) as Bytes;
    const sealed = seal(noticeKey(secret), nonce, Notice.encode({ history }));
    const body = Envelope.encode({ type: 'notice', generation: generation.slice(0, 16), nonce, sealed });
    circle.hand({ from: 'z', to: 'b', header: new Uint8Array(0), body });
    await circle.settle('b');
    expect(circle.told('b')).toEqual([]);
    expect(circle.record('b').status).toBe('active');
  });
});

describe('what is to be carried out', () => {
  /** Records that somebody has signed, told with an agreement of its own that everybody gets. */
  async function tell(circle: Circle, name: string, told: readonly Generation[]): Promise<void> {
    const history = told.map(({ signed }) => signed);
    const forged = await forgeNext(circle.phone(name).client, circle.lineage(name), circle.tip(name), {
      details: (details) => ({ ...details, history: [...details.history, ...history] }),
    });
    circle.spread(name, forged);
  }

  /** A group of which somebody makes up records; it is as it was found, with all promotions on the path. */
  async function grown(seed: string, members: string) {
    const circle = await Circle.found(seed, members);
    const people = [...members.toLowerCase()].map((name) => circle.phone(name).client.self);
    const tree = new SignedTree(people, circle.record('a').id);
    const path = pathTo(circle.tip('a'));
    return { circle, tree, path, founding: path[0] as Generation };
  }

  test('is one removal for each member, however many there are', async () => {
    const { circle, tree, founding } = await grown('many leaves', 'ABCz');
    for (let n = 0; n < 257; n++) await tree.next(founding, 3, { removed: [3] });
    await tell(circle, 'z', [...tree.values()]);
    await circle.settle('abc');
    await circle.pass(60, 2, 'abc');
    expect(refusals(circle, 'b')).toEqual([]);
    expect(circle.agreed('abc')).toBe('ABC');
    expect(circle.tip('a').record.because).toHaveLength(1);
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle('abc');
    expect(circle.phone('c').shown).toEqual(['hello from a', 'hello from b']);
  });

  test('is nothing that no agreement could tell of: the group goes on, and removes by a record that can be told', async () => {
    const { circle, tree, founding } = await grown('long branch', 'ABCz');
    let at = founding;
    for (let n = 0; n < 210; n++) at = await tree.next(at, 3, { name: '€'.repeat(127 + (n % 2)) });
    await tree.next(at, 3, { removed: [3] });
    const records = [...tree.values()];
    for (let n = 0; n < records.length; n += 71) await tell(circle, 'z', records.slice(n, n + 71));
    await circle.settle('abc');
    await circle.pass(60, 2, 'abc');
    expect(refusals(circle, 'b')).toEqual([]);
    expect(circle.lineage('b').size).toBeGreaterThan(210);
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle('abc');
    expect(circle.phone('c').shown).toEqual(['hello from a', 'hello from b']);
    await circle.group('b').remove(circle.phone('z').hrid);
    await circle.settle('abc');
    expect(circle.agreed('abc')).toBe('ABC');
  });

  test('is what takes the least to tell, if all of it is too much for one agreement', async () => {
    const { circle, tree, founding } = await grown('two at once', 'ABCyz');
    for (const [place, length] of [
      [3, 90],
      [4, 120],
    ] as const) {
      let at = founding;
      for (let n = 0; n < length; n++) at = await tree.next(at, place, { name: '€'.repeat(127 + (n % 2)) });
      await tree.next(at, place, { removed: [place] });
    }
    const records = [...tree.values()];
    for (let n = 0; n < records.length; n += 71) await tell(circle, 'z', records.slice(n, n + 71));
    await circle.settle('abc');
    await circle.pass(120, 4, 'abc');
    expect(refusals(circle, 'b')).toEqual([]);
    expect(circle.agreed('abc')).toBe('ABCz');
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle('abc');
    expect(circle.phone('c').shown).toEqual(['hello from a', 'hello from b']);
  });
});

describe('a removal from before a newcomer’s time', () => {
  test('is carried out, and the newcomer follows: what it did not know is told with it', async () => {
    const circle = await Circle.found('from before', 'ABe', 'n');
    const { client } = circle.phone('b');
    const early = circle.tip('b');
    for (let n = 0; n < 34; n++) await circle.group('a').rename(`Name ${n}`);
    await circle.settle('abe');
    for (const name of 'abe') await circle.say(name, `hello from ${name}`);
    await circle.settle('abe');
    await circle.group('a').add([circle.phone('n').invite]);
    await circle.settle();
    expect([...circle.lineage('n').values()][0]?.record.number).toBeGreaterThan(early.record.number);
    // As if it had been away with an old store; not by the rules.
    const forged = await forgeNext(client, circle.lineage('b'), early, { operation: { removed: [2] } });
    circle.spread('b', forged, 'a');
    await circle.settle();
    await circle.pass(60, 2);
    expect(refusals(circle, 'n')).not.toContain('refused agreement-invalid');
    expect(circle.agreed('abn')).toBe('ABn');
    await circle.say('a', 'after');
    await circle.settle();
    expect(circle.phone('n').shown).toContain('after');
    expect(circle.told('n').filter((type) => type === 'changed')).toHaveLength(1);
  });
});
