// Samples of what the protocol keeps; see samples.ts.

import { KeptPackage } from '../../client/protocol/kept-package.ts';
import { KeptContribution, MemberCore, RatchetCore, WaitingMessage } from '../../client/protocol/ratchet.ts';
import { Step } from '../../client/protocol/step.ts';
import { a, b, c, fixed, nonce, other, report, type Sample, sample, signed } from './sample.ts';

const contribution = { from: 3, leaf: a, secret: b, leafSecret: null };
const ratchet = {
  group: a,
  generation: b,
  number: 300,
  since: 1_799_999_999,
  endedAt: null,
  self: 2,
  author: null,
  headerKey: c,
  exportSecret: a,
  reports: [report],
  lightRun: 8,
  lastFullAt: 1_800_000_000,
  othersContributed: true,
  unansweredContent: 3,
  unansweredSince: 1_800_000_001,
  owesContribution: false,
  rolledBack: false,
  forked: true,
};

/** Of protocol/key-package.ts, ratchet.ts and step.ts. */
export const storedSamples = {
  KeptPackage: sample(KeptPackage, [
    { id: a, kind: 'one-time', expires: 1_807_776_000, leafSecret: b, leaf: c, kemSeed: a },
    { id: a, kind: 'last-resort', expires: 0, leafSecret: b, leaf: c, kemSeed: a },
  ]),
  KeptContribution: sample(KeptContribution, [contribution, { ...contribution, leafSecret: c }]),
  MemberCore: sample(MemberCore, [
    {
      hrid: a,
      pk: b,
      opened: 5,
      seen: 6,
      chainKey: c,
      vector: [1, 2, 3],
      recent: [signed, other],
      cloned: false,
      firstLeaf: { type: 'author' },
      contents: 0,
      later: null,
    },
    {
      hrid: a,
      pk: b,
      opened: 5,
      seen: 6,
      chainKey: c,
      vector: [1, 2, 3],
      recent: [],
      cloned: true,
      firstLeaf: { type: 'contribution', generation: a, from: 24 },
      contents: 4,
      later: { vector: [2, 2, 300], digest: b, contents: 2 },
    },
  ]),
  WaitingMessage: sample(
    WaitingMessage,
    [
      {
        sender: 2,
        signed,
        nonce,
        outer: fixed('outer', 84),
        inner: fixed('inner', 272),
        sealedSecret: fixed('r', 48),
        since: 1_800_000_000,
      },
    ],
    'outer',
    'inner',
    'sealedSecret',
  ),
  RatchetCore: sample(RatchetCore, [
    ratchet,
    { ...ratchet, endedAt: 1_800_000_000, author: 255, unansweredSince: null },
  ]),
  Step: sample(Step, [
    { vector: [1, 0], groupKey: fixed('group key', 8), leaf: a },
    { vector: [256, 23, 24], groupKey: fixed('group key', 8), leaf: null },
  ]),
} as const satisfies Readonly<{ [name: string]: Sample }>;
