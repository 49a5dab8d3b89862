// Values of every struct, for the suite in struct.ts and for the golden bytes in test/vectors/wire.json. They are made
// from fixed seeds: change one, and the golden bytes change with it.

import { CloneReport, Content, Earlier, SignedHeader } from '../../client/wire/content.ts';
import { AgreementHeader, Contribution, Envelope, MessageHeader, RequestHeader } from '../../client/wire/envelope.ts';
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
import {
  AgreementBody,
  Base,
  Details,
  HeldGeneration,
  LeafOrigin,
  Notice,
  Operation,
  Record,
  RosterEntry,
  SignedRecord,
} from '../../client/wire/record.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { RejoinRequest, SignedRequest } from '../../client/wire/request.ts';
import { Accepted, Delivered, Recipient, Send } from '../../client/wire/send.ts';
import { contentOf, emptyOf, textOf } from './content.ts';
import { a, b, c, epoch, fixed, id, nonce, report, type Sample, sample, signature, signed } from './sample.ts';
import { storedSamples } from './stored-samples.ts';

const largest = Number.MAX_SAFE_INTEGER;
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
  name: 'Käse 🧀',
};
const nothing = { removed: [], roles: [], added: [], name: null };
const signedRecord = { record: fixed('record', 300), signature };
const roster = [
  { hrid: a, pk: b, joined: null, role: 'admin' as const },
  { hrid: b, pk: c, joined: a, role: 'member' as const },
];
const held = [
  { generation: a, vector: [1, 2, 300] },
  { generation: b, vector: null },
];
const base = { roster, name: 'Frühstück am Sonntag 🥐' };
const earlier = { generation: a, vector: [0, 24, 300], digest: b, contents: 24 };

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
      operation: { ...nothing, added: operation.added, name: '' },
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
    { type: 'contribution', generation: b, from: 1000 },
  ]),
  Details: sample(
    Details,
    [
      {
        base: null,
        history: [],
        leaves: [
          { leaf: a, origin: { type: 'author' } },
          { leaf: b, origin: { type: 'package', id: c } },
        ],
        returned: [],
      },
      {
        base,
        history: [signedRecord, { ...signedRecord, record: fixed('other record', 400) }],
        leaves: [
          { leaf: a, origin: { type: 'contribution', generation: c, from: 2 } },
          { leaf: b, origin: { type: 'author' } },
        ],
        returned: [
          { position: 255, held: null },
          { position: 0, held: { generation: c, vector: [1, 2, 300] } },
          { position: 1, held: { generation: c, vector: null } },
        ],
      },
    ],
    'record',
  ),
  RosterEntry: sample(RosterEntry, roster),
  HeldGeneration: sample(HeldGeneration, held),
  Base: sample(Base, [base, { roster: roster.slice(1), name: '' }]),
  Notice: sample(Notice, [{ history: [signedRecord] }, { history: [signedRecord, signedRecord] }], 'record'),
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
      { type: 'notice', generation: id, nonce, sealed: fixed('sealed', 500) },
      { type: 'request', nonce, sealed: fixed('sealed', 500) },
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
      leaf: { type: 'contribution', generation: b, from: 0 },
      exportGeneration: c,
      sealed: fixed('g', 48),
    },
  ]),
  RequestHeader: sample(RequestHeader, [
    { package: a, kemCiphertext: fixed('ciphertext', 1120), sealed: fixed('request key', 48) },
  ]),
  MessageHeader: sample(MessageHeader, [{ vector: [0, 23, 24, 255, 256, 65_536], digest: a, signature }]),
  Contribution: sample(Contribution, [{ leaf: a, commitment: b }]),

  // wire/request.ts
  RejoinRequest: sample(
    RejoinRequest,
    [
      { group: a, askedAt: 1_800_000_000, held, package: uploaded },
      { group: a, askedAt: 0, held: [], package: uploaded },
    ],
    'signed',
  ),
  SignedRequest: sample(SignedRequest, [{ request: fixed('request', 300), signature }], 'request'),

  // wire/content.ts
  SignedHeader: sample(SignedHeader, [signed]),
  CloneReport: sample(CloneReport, [report, { ...report, position: 255 }]),
  Earlier: sample(Earlier, [earlier, { ...earlier, vector: [0], contents: 0 }]),
  Content: sample(
    Content,
    [
      emptyOf({ id, reports: [report], earlier: [earlier] }),
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
      contentOf(
        { type: 'missing', messages: [{ generation: a, position: 255, from: 300 }] },
        { id, earlier: [earlier, earlier, earlier, earlier] },
      ),
      textOf('again', { id, again: c }),
      contentOf({ type: 'extension', kind: 'org.example.poll', version: 2, data: fixed('poll', 40) }, { id }),
    ],
    'body',
  ),

  ...storedSamples,
} as const satisfies Readonly<{ [name: string]: Sample }>;
