// The format, fixed: an accidental change of any struct's bytes fails here. What is meant to change is written anew by
// test/vectors/generate-wire.ts.

import { expect, test } from 'vitest';
import * as keptPackage from '../../../client/protocol/kept-package.ts';
import * as ratchet from '../../../client/protocol/ratchet.ts';
import * as step from '../../../client/protocol/step.ts';
import * as content from '../../../client/wire/content.ts';
import * as envelope from '../../../client/wire/envelope.ts';
import * as frame from '../../../client/wire/frame.ts';
import * as keyPackage from '../../../client/wire/key-package.ts';
import * as outbox from '../../../client/wire/outbox.ts';
import * as queue from '../../../client/wire/queue.ts';
import * as record from '../../../client/wire/record.ts';
import * as refusals from '../../../client/wire/refusals.ts';
import * as request from '../../../client/wire/request.ts';
import * as send from '../../../client/wire/send.ts';
import { samples } from '../../support/samples.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

const { structs: golden } = readVectors<{ structs: { readonly [name: string]: readonly string[] } }>('wire');

test('the golden file has exactly the samples', () => {
  const sizes = Object.fromEntries(Object.entries(samples).map(([name, { values }]) => [name, values.length]));
  expect(Object.fromEntries(Object.entries(golden).map(([name, bytes]) => [name, bytes.length]))).toEqual(sizes);
});

test.each(Object.entries(samples))('%s encode() gives the golden bytes', (name, { struct, values }) => {
  expect(values.map((value) => toHex(struct.encode(value)))).toEqual(golden[name]);
});

test.each(Object.entries(samples))('%s decode() takes the golden bytes', (name, { struct, values }) => {
  expect((golden[name] ?? []).map((bytes) => struct.decode(fromHex(bytes)))).toEqual(values);
});

test('every exported struct has a sample', () => {
  const wire = [content, envelope, frame, keyPackage, outbox, queue, record, refusals, request, send];
  const modules = [...wire, keptPackage, ratchet, step];
  const exported = modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && 'encode' in value && 'decode' in value ? [name] : [],
    ),
  );
  expect(exported.sort()).toEqual(Object.keys(samples).sort());
});
