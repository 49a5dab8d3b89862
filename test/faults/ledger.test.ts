// The books find what is wrong: otherwise a run that finds nothing would say nothing.

import { describe, expect, test } from 'vitest';
import type { Hello } from '../../client/wire/queue.ts';
import { type Due, judge, type Read, Reading } from './ledger.ts';

const epoch = new Uint8Array(16);

function due(n: number, more: Partial<Due> = {}): Due {
  return { sender: 'ana', recipient: 'ben', n, text: `ben ana ${n}`, mayExpire: true, accepted: true, ...more };
}

function message(seq: number, n: number, more: { sender?: string; text?: string } = {}): Read {
  return { type: 'message', seq, sender: 'ana', n, text: `ben ana ${n}`, ...more };
}

function gap(seq: number, fromN: number, toN: number, reason: 'expired' | 'withdrawn' | 'full' = 'expired'): Read {
  return { type: 'gap', seq, sender: 'ana', fromN, toN, reason };
}

function readingOf(...reads: Read[]): Reading {
  const reading = new Reading(epoch);
  for (const read of reads) reading.take(read, 0);
  return reading;
}

const judged = (dues: Due[], reads: Read[], departed?: Set<string>) =>
  judge(dues, new Map([['ben', readingOf(...reads)]]), departed);

describe('judge() finds', () => {
  test('nothing wrong in messages and gaps in order', () => {
    expect(judged([due(1), due(2), due(3), due(5)], [message(1, 1), gap(2, 2, 4), message(3, 5)])).toEqual({
      ...{ accepted: 4, lost: 0, doubled: 0, missed: 2, wrong: [] },
    });
  });

  test('a lost message', () => {
    const verdict = judged([due(1), due(2)], [message(1, 2)]);
    expect(verdict).toMatchObject({ lost: 1, doubled: 0, wrong: ['ben: message 1 of ana is lost'] });
    expect(judged([due(1)], [], new Set(['ana'])).wrong).toEqual([
      'ben: message 1 of ana is lost since it deregistered, without a gap',
    ]);
  });

  test('a doubled message', () => {
    expect(judged([due(1)], [message(1, 1), message(2, 1)])).toMatchObject({ lost: 0, doubled: 1 });
  });

  test('a message that a gap covers too, before it and after it', () => {
    expect(judged([due(1)], [message(1, 1), gap(2, 1, 1)])).toMatchObject({ doubled: 1 });
    expect(judged([due(1)], [gap(1, 1, 1), message(2, 1)])).toMatchObject({ doubled: 1 });
    expect(judged([due(1)], [gap(1, 1, 1), gap(2, 1, 1)])).toMatchObject({ doubled: 1 });
  });

  test('two messages of one sender in the wrong order', () => {
    const { lost, doubled, wrong } = judged([due(1), due(2)], [message(1, 2), message(2, 1)]);
    expect({ lost, doubled, wrong }).toEqual({
      ...{ lost: 0, doubled: 0, wrong: ['ben: message 1 of ana at seq 2 came after number 2'] },
    });
  });

  test('a gap for which there is no reason', () => {
    const lasting = due(1, { mayExpire: false });
    expect(judged([lasting], [gap(1, 1, 1)])).toMatchObject({
      ...{ missed: 1, wrong: ['ben: message 1 has no reason to end as gap 1–1 (expired) of ana at seq 1'] },
    });
    expect(judged([due(1)], [gap(1, 1, 1, 'withdrawn')]).wrong).toHaveLength(1);
    expect(judged([due(1)], [gap(1, 1, 1, 'full')]).wrong).toHaveLength(1);
    expect(judged([lasting], [gap(1, 1, 1, 'withdrawn')], new Set(['ana'])).wrong).toEqual([]);
    expect(judged([due(1, { accepted: false })], [gap(1, 1, 1, 'full')]).wrong).toEqual([]);
  });

  test('a message that was changed, was for somebody else, or that nobody has sent', () => {
    const changed = judged([due(1)], [message(1, 1, { text: 'ben ana 1 and more' })]);
    expect(changed.wrong).toEqual(['ben: message 1 of ana at seq 1 was not sent like that']);
    expect(judged([due(1, { recipient: 'cem' })], [message(1, 1)]).wrong).toHaveLength(2);
    expect(judged([], [message(1, 1)]).wrong).toHaveLength(1);
  });

  test('nothing due that was not accepted, or was for somebody who has gone', () => {
    expect(judged([due(1, { accepted: false })], [])).toMatchObject({ accepted: 0, lost: 0, wrong: [] });
    expect(judged([due(1)], [], new Set(['ben']))).toMatchObject({ lost: 0, wrong: [] });
  });
});

describe('Reading finds', () => {
  const hello = (last: number, acked: number, of = epoch): Hello => ({
    ...{ epoch: of, last, acked, nextSend: 1, keyPackages: 0, lastResortFresh: false, now: 0 },
  });

  test('nothing wrong in what comes again before its acknowledgement, or has expired since', () => {
    const reading = readingOf(message(1, 1), message(2, 2), message(1, 1));
    reading.take(gap(2, 2, 2, 'expired'), 0);
    expect(reading.wrong).toEqual([]);
    expect(reading.cursor).toBe(2);
  });

  test('a hole in the sequence', () => {
    expect(readingOf(message(1, 1), message(3, 3)).wrong).toEqual(['message 3 of ana at seq 3 came after seq 1']);
  });

  test('another entry under a number that was read', () => {
    expect(readingOf(message(1, 1), message(1, 2)).wrong).toHaveLength(1);
    expect(readingOf(gap(1, 1, 1), message(1, 1)).wrong).toHaveLength(1);
  });

  test('what comes again after its acknowledgement', () => {
    const reading = readingOf(message(1, 1));
    reading.take(message(1, 1), 1);
    expect(reading.wrong).toEqual(['message 1 of ana at seq 1 came again after its acknowledgement']);
  });

  test('a queue that has forgotten entries or acknowledgements, or has made some up', () => {
    const reading = readingOf(message(1, 1), message(2, 2));
    reading.asked = 1;
    reading.greet(hello(2, 1), 0, 2);
    expect(reading.wrong).toEqual([]);
    expect(reading.confirmed).toBe(1);
    reading.greet(hello(1, 1), 1, 2);
    reading.greet(hello(2, 0), 1, 2);
    reading.greet(hello(2, 2), 1, 2);
    reading.greet(hello(2, 1, new Uint8Array(16).fill(1)), 1, 2);
    expect(reading.wrong).toEqual([
      'the queue ends at 1 though 2 was read',
      'the queue forgot that 1 was acknowledged: 0',
      '2 is acknowledged though only 1 was asked for',
      'the queue has another epoch',
    ]);
  });
});
