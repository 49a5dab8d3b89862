// Values of every struct, for the suite in struct.ts and for the golden bytes in test/vectors/wire.json. They are made
// from fixed seeds: change one, and the golden bytes change with it.

import { KeptPackage } from '../../client/protocol/key-package.ts';
import { KeptContribution, MemberCore, RatchetCore, WaitingMessage } from '../../client/protocol/ratchet.ts';
import { RosterEntry } from '../../client/protocol/roster.ts';
import { Step } from '../../client/protocol/step.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Struct } from '../../client/wire/codec.ts';
import { CloneReport, Content, SignedHeader } from '../../client/wire/content.ts';
import { AgreementHeader, Contribution, Envelope, MessageHeader } from '../../client/wire/envelope.ts';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import {
  KeyPackage,
  KeyPackageClaim,
  KeyPackageClaimResult,
  KeyPackageCount,
  KeyPackageUpload,
  SignedKeyPackage,
  UploadedPackage,
} from '../../client/wire/key-package.ts';
import { OutboxPage, OutboxRecord } from '../../client/wire/outbox.ts';
import { Ack, Hello, QueueEntry, QueuePage } from '../../client/wire/queue.ts';
import { AgreementBody, Details, LeafOrigin, Operation, Record, SignedRecord } from '../../client/wire/record.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { Accepted, Delivered, Recipient, Send } from '../../client/wire/send.ts';
import { contentOf, emptyOf, textOf } from './content.ts';
import { seededRandom } from './random.ts';

export interface Sample {
  readonly struct: Struct<unknown>;
  readonly values: readonly unknown[];
  /** Names of byte fields without a fixed length. */
  readonly variable: readonly string[];
}

function sample<T>(struct: Struct<T>, values: readonly NoInfer<T>[], ...variable: readonly string[]): Sample {
  return { struct, values, variable };
}

/** The same bytes for the same name, whatever else is made before. */
function fixed(name: string, length: number): Bytes {
  return seededRandom(`sample ${name}`).bytes(length);
}

const [a, b, c] = ['a', 'b', 'c'].map((name) => fixed(name, 32)) as [Bytes, Bytes, Bytes];
const signature = fixed('signature', 64);
const id = fixed('message id', 16);
const nonce = fixed('nonce', 24);
const epoch = fixed('epoch', 16);
const largest = Number.MAX_SAFE_INTEGER;

const signed = { vector: [0, 23, 24], digest: a, bodyHash: b, signature };
const other = { vector: [0, 23, 256], digest: c, bodyHash: a, signature };
const report = { position: 1, first: signed, second: other };
const uploaded = { signed: fixed('signed package', 200), kem: fixed('kem', 1216) };
const hello = { epoch, last: 7, acked: 3, nextSend: 12, keyPackages: 50, lastResortFresh: true, now: 1_800_000_000 };
const message = { type: 'message', seq: 1, from: a, header: fixed('header', 48), body: fixed('body', 300) } as const;
const gap = { type: 'gap', seq: 2, from: b, fromN: 65_535, toN: 65_536, reason: 'withdrawn' } as const;
const send = {
  n: 2 ** 32,
  to: [
    { hrid: a, header: fixed('header', 48) },
    { hrid: b, header: new Uint8Array(0) },
  ],
  body: fixed('body', 300),
  ttlSeconds: 86_400,
};
const accepted = {
  n: 4,
  refused: [
    { index: 255, code: 'mailbox-full' as const },
    { index: 0, code: 'gone' as const },
  ],
};
const operation = {
  removed: [1, 255],
  roles: [{ position: 2, role: 'admin' as const }],
  added: [{ hrid: a, pk: b, role: 'member' as const }],
};
const nothing = { removed: [], roles: [], added: [] };
const signedRecord = { record: fixed('record', 300), signature };
const contribution = { from: 3, leaf: a, secret: b, leafSecret: null };

export const samples = {
  // wire/send.ts, queue.ts, outbox.ts, frame.ts
  Recipient: sample(Recipient, send.to, 'header'),
  Send: sample(Send, [send, { ...send, n: 0, body: new Uint8Array(0), ttlSeconds: 0 }], 'header', 'body'),
  Accepted: sample(Accepted, [accepted, { n: largest, refused: [] }]),
  Hello: sample(Hello, [hello, { ...hello, last: 0, acked: 0, nextSend: 1, keyPackages: 0, lastResortFresh: false }]),
  QueueEntry: sample(QueueEntry, [message, gap], 'header', 'body'),
  QueuePage: sample(
    QueuePage,
    [
      { hello, entries: [message, gap] },
      { hello, entries: [] },
    ],
    'header',
    'body',
  ),
  Ack: sample(Ack, [{ epoch, seq: largest }]),
  OutboxRecord: sample(OutboxRecord, [
    {
      n: 1,
      expires: 1_800_000_000,
      recipients: [
        { hrid: a, state: 'pending' },
        { hrid: b, state: 'queued' },
        { hrid: a, state: 'expired' },
      ],
    },
    { n: 2, expires: 0, recipients: [] },
  ]),
  OutboxPage: sample(OutboxPage, [
    { nextSend: 9, records: [{ n: 1, expires: 1_800_000_000, recipients: [{ hrid: a, state: 'pending' }] }] },
    { nextSend: 1, records: [] },
  ]),
  Delivered: sample(Delivered, [{ n: 24, acknowledged: 254, missed: [{ index: 3, code: 'expired' }] }]),
  Refusals: sample(Refusals, [{ senders: [a, b] }, { senders: [] }]),
  ServerFrame: sample(
    ServerFrame,
    [
      { type: 'hello', hello },
      { type: 'entry', entry: gap },
      { type: 'entry', entry: message },
      { type: 'drained', last: 9 },
      { type: 'accepted', accepted },
      { type: 'delivered', delivered: { n: 24, acknowledged: 254, missed: [{ index: 3, code: 'expired' }] } },
      { type: 'problem', code: 'out-of-order', n: 7, expected: 5, retryAfter: null },
      { type: 'problem', code: 'beyond-queue', n: null, expected: null, retryAfter: null },
      { type: 'problem', code: 'rate-limited', n: 8, expected: null, retryAfter: 60 },
    ],
    'header',
    'body',
  ),
  ClientFrame: sample(
    ClientFrame,
    [
      { type: 'send', send },
      { type: 'ack', ack: { epoch, seq: 1 } },
    ],
    'header',
    'body',
  ),

  // wire/key-package.ts
  KeyPackage: sample(KeyPackage, [
    { hrid: a, leaf: b, kemHash: c, notBefore: 1_800_000_000, expires: 1_807_776_000, kind: 'one-time' },
    { hrid: a, leaf: b, kemHash: c, notBefore: 0, expires: 1, kind: 'last-resort' },
  ]),
  SignedKeyPackage: sample(SignedKeyPackage, [{ keyPackage: fixed('key package', 130), signature }], 'keyPackage'),
  UploadedPackage: sample(UploadedPackage, [uploaded], 'signed'),
  KeyPackageUpload: sample(
    KeyPackageUpload,
    [
      { replace: true, oneTime: [uploaded], lastResort: null },
      { replace: false, oneTime: [], lastResort: uploaded },
    ],
    'signed',
  ),
  KeyPackageCount: sample(KeyPackageCount, [
    { oneTime: 50, lastResortFresh: true },
    { oneTime: 0, lastResortFresh: false },
  ]),
  KeyPackageClaim: sample(KeyPackageClaim, [{ id, hrids: [a, b] }]),
  KeyPackageClaimResult: sample(
    KeyPackageClaimResult,
    [
      {
        results: [
          { package: uploaded, code: null },
          { package: null, code: 'no-key-package' },
        ],
      },
      { results: [] },
    ],
    'signed',
  ),

  // wire/record.ts
  Operation: sample(Operation, [operation, nothing]),
  Record: sample(Record, [
    {
      group: a,
      parent: null,
      number: 0,
      author: b,
      rosterDigest: c,
      operation: { ...nothing, added: operation.added },
      because: [],
      secretCommitment: a,
      detailsHash: b,
    },
    {
      group: a,
      parent: c,
      number: 300,
      author: b,
      rosterDigest: c,
      operation,
      because: [b, c],
      secretCommitment: a,
      detailsHash: b,
    },
  ]),
  SignedRecord: sample(SignedRecord, [signedRecord], 'record'),
  LeafOrigin: sample(LeafOrigin, [
    { type: 'author' },
    { type: 'package', id: a },
    { type: 'message', generation: b, number: 1000 },
  ]),
  Details: sample(
    Details,
    [
      {
        name: 'Frühstück am Sonntag 🥐',
        purpose: 'found',
        leaves: [
          { leaf: a, origin: { type: 'author' } },
          { leaf: b, origin: { type: 'package', id: c } },
        ],
        parentVector: null,
        parentTranscript: null,
        history: [],
      },
      {
        name: '',
        purpose: 'carry',
        leaves: [
          { leaf: a, origin: { type: 'message', generation: c, number: 2 } },
          { leaf: b, origin: { type: 'author' } },
        ],
        parentVector: [1, 2, 3],
        parentTranscript: c,
        history: [signedRecord],
      },
    ],
    'record',
  ),
  AgreementBody: sample(AgreementBody, [{ signed: signedRecord, details: fixed('details', 400) }], 'record', 'details'),

  // wire/envelope.ts
  Envelope: sample(
    Envelope,
    [
      { type: 'agreement', id: a, nonce, ephemeral: null, sealed: fixed('sealed', 500) },
      { type: 'agreement', id: a, nonce, ephemeral: b, sealed: new Uint8Array(0) },
      {
        type: 'message',
        generation: id,
        nonce,
        header: fixed('header', 120),
        outer: fixed('outer', 84),
        inner: fixed('inner', 272),
      },
    ],
    'header',
    'outer',
    'inner',
    'sealed',
  ),
  AgreementHeader: sample(AgreementHeader, [
    {
      package: a,
      kemCiphertext: fixed('ciphertext', 1120),
      leaf: null,
      exportGeneration: null,
      sealed: fixed('g', 48),
    },
    {
      package: null,
      kemCiphertext: null,
      leaf: { type: 'message', generation: b, number: 0 },
      exportGeneration: c,
      sealed: fixed('g', 48),
    },
  ]),
  MessageHeader: sample(MessageHeader, [{ vector: [0, 23, 24, 255, 256, 65_536], digest: a, signature }]),
  Contribution: sample(Contribution, [{ leaf: a, commitment: b }]),

  // wire/content.ts
  SignedHeader: sample(SignedHeader, [signed]),
  CloneReport: sample(CloneReport, [report, { ...report, position: 255 }]),
  Content: sample(
    Content,
    [
      emptyOf({ id, reports: [report] }),
      textOf('', { id, sentAt: 0 }),
      textOf('Käse, 奶酪, 🧀 and \u0000', { id, reports: [report, report, report, report] }),
      textOf('yes', { id, reply: fixed('reply', 16), timerSeconds: 86_400, asksReceipt: true }),
      contentOf({ type: 'bytes', mediaType: 'image/png', name: null, data: fixed('data', 500) }, { id }),
      contentOf({ type: 'bytes', mediaType: '', name: 'käse.png', data: fixed('data', 0) }, { id }),
      contentOf({ type: 'edit', target: fixed('target', 16), text: 'no' }, { id }),
      contentOf({ type: 'deletion', target: fixed('target', 16) }, { id }),
      contentOf({ type: 'read', ids: [fixed('one', 16), fixed('two', 16)] }, { id }),
      contentOf({ type: 'timer', seconds: 3600 }, { id }),
      contentOf({ type: 'timer', seconds: null }, { id }),
      contentOf({ type: 'extension', kind: 'org.example.poll', version: 2, data: fixed('poll', 40) }, { id }),
    ],
    'body',
  ),

  // protocol/key-package.ts, ratchet.ts, step.ts and roster.ts, as stored
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
      chainKey: c,
      vector: [1, 2, 3],
      recent: [signed, other],
      cloned: false,
    },
  ]),
  WaitingMessage: sample(
    WaitingMessage,
    [{ sender: 2, signed, nonce, outer: fixed('outer', 84), inner: fixed('inner', 272), sealedSecret: fixed('r', 48) }],
    'outer',
    'inner',
    'sealedSecret',
  ),
  RatchetCore: sample(RatchetCore, [
    {
      group: a,
      generation: b,
      self: 2,
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
    },
  ]),
  Step: sample(Step, [
    { vector: [1, 0], groupKey: fixed('group key', 8), leaf: a },
    { vector: [256, 23, 24], groupKey: fixed('group key', 8), leaf: null },
  ]),
  RosterEntry: sample(RosterEntry, [
    { hrid: a, pk: b, joined: null, role: 'admin' },
    { hrid: b, pk: c, joined: a, role: 'member' },
  ]),
} as const satisfies Readonly<{ [name: string]: Sample }>;
