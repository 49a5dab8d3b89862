// 13b. What an agreement tells of the group's history, made as large, as old or as tangled as members can: the others take it
// in, carry out what is to be carried out, and go on.

import { describe, expect, test } from 'vitest';
import { Circle } from '../sim/circle.ts';

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
