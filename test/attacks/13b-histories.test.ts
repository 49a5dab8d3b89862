// 13b. What an agreement tells of the group's history, made as large, as old or as tangled as members can: the others take it
// in, carry out what is to be carried out, and go on.

import { describe, expect, test } from 'vitest';
import { seal } from '../../client/crypto/aead.ts';
import { noticeKey } from '../../client/protocol/agreement.ts';
import { exportSecretOf } from '../../client/state/generations.ts';
import { deleteLineage } from '../../client/state/lineages.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { Notice } from '../../client/wire/record.ts';
import { Circle } from '../sim/circle.ts';
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
