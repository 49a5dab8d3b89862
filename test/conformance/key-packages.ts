// Section 7: key packages, uploaded and claimed.

import assert from 'node:assert/strict';
import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { KeyPackageUpload } from '../../client/wire/key-package.ts';
import { routes } from '../../client/wire/routes.ts';
import { randomBytes } from '../support/request.ts';
import { answered, type Case, type Member, refused } from './bench.ts';
import { signByHand } from './signing.ts';

/** A package that is known by its mark: the relay does not look into it. */
const packageOf = (mark: number) => ({ signed: Uint8Array.of(mark), kem: new Uint8Array(1216).fill(mark) });
const packages = (first: number, count: number) => Array.from({ length: count }, (_, i) => packageOf(first + i));

const upload = (member: Member, oneTime: number[], lastResort: number | null, replace = false) =>
  member.upload({
    replace,
    oneTime: oneTime.map(packageOf),
    lastResort: lastResort === null ? null : packageOf(lastResort),
  });

/** What somebody gets of these: marks of packages, or codes. */
async function claim(member: Member, of: readonly Member[], id?: Bytes) {
  const results = await member.claim(of, id);
  return results.map(({ package: claimed, code }) => {
    assert.ok((claimed === null) !== (code === null), 'one of package and code is null');
    return code ?? claimed?.signed[0];
  });
}

const claims =
  'A claim consumes the oldest one-time package; one claimer gets one of a mailbox an hour, then the last-resort one, as everybody does when there is no other.';

export const keyPackages: readonly Case[] = [
  {
    title: 'an upload tells what there is now, and adds to what was there',
    cites:
      '`oneTime` is how many there are now; `lastResortFresh` is true if there is a last-resort package that has not served yet.',
    async run(bench) {
      const [member] = await bench.register(1);
      assert.deepEqual(await upload(member, [1, 2], null), { oneTime: 2, lastResortFresh: false });
      assert.deepEqual(await upload(member, [3], 100), { oneTime: 3, lastResortFresh: true });
      const { keyPackages: oneTime, lastResortFresh } = (await member.queue()).hello;
      assert.deepEqual({ oneTime, lastResortFresh }, { oneTime: 3, lastResortFresh: true });
    },
  },
  {
    title: 'an upload may be of the largest packages, 50 of them and one of last resort',
    cites: '`[replace: bool, [UploadedPackage × ≤ 50], UploadedPackage|null]` → `200 [oneTime, lastResortFresh]`.',
    async run(bench) {
      const [member, claimer] = await bench.register(2);
      const largest = () => ({ signed: randomBytes(384), kem: randomBytes(1216) });
      const oneTime = Array.from({ length: 50 }, largest);
      const counted = await member.upload({ replace: true, oneTime, lastResort: largest() });
      assert.deepEqual(counted, { oneTime: 50, lastResortFresh: true });
      assert.deepEqual((await claimer.claim([member]))[0]?.package, oneTime[0]);
    },
  },
  {
    title: 'more than 50 in all are refused, and nothing of them is kept',
    cites: 'More than 50 one-time ones in all: `too-many-key-packages`.',
    async run(bench) {
      const [member] = await bench.register(1);
      await member.upload({ replace: false, oneTime: packages(0, 30), lastResort: null });
      const more = { replace: false, oneTime: packages(30, 21), lastResort: packageOf(100) };
      await refused(member.cbor('PUT', routes.keyPackages, KeyPackageUpload, more), 'too-many-key-packages');
      const { keyPackages: oneTime, lastResortFresh } = (await member.queue()).hello;
      assert.deepEqual({ oneTime, lastResortFresh }, { oneTime: 30, lastResortFresh: false });
      const replaced = await member.upload({ replace: true, oneTime: packages(0, 50), lastResort: null });
      assert.equal(replaced.oneTime, 50);
    },
  },
  {
    title: 'an upload that replaces drops what was there, the package of last resort too',
    cites: '`replace` drops what is there first, the last-resort package included.',
    async run(bench) {
      const [member, claimer, other] = await bench.register(3);
      await upload(member, [1, 2], 100);
      assert.deepEqual(await upload(member, [3], null, true), { oneTime: 1, lastResortFresh: false });
      assert.deepEqual(await claim(claimer, [member]), [3]);
      assert.deepEqual(await claim(other, [member]), ['no-key-package']);
    },
  },
  {
    title: 'a package of last resort stays unless another one comes',
    cites: 'The last field is the new last-resort package, or null to leave it as it is.',
    async run(bench) {
      const [member, claimer, other] = await bench.register(3);
      await upload(member, [], 100);
      assert.deepEqual(await upload(member, [], null), { oneTime: 0, lastResortFresh: true });
      assert.deepEqual(await claim(claimer, [member]), [100]);
      assert.deepEqual(await upload(member, [], null), { oneTime: 0, lastResortFresh: false });
      assert.deepEqual(await upload(member, [], 101), { oneTime: 0, lastResortFresh: true });
      assert.deepEqual(await claim(other, [member]), [101]);
    },
  },
  {
    title: 'the same upload again changes nothing',
    cites: 'The same upload again, byte for byte, changes nothing',
    async run(bench) {
      const [member, claimer] = await bench.register(2);
      await upload(member, [1, 2], 100);
      assert.deepEqual(await claim(claimer, [member]), [1]);
      assert.deepEqual(await upload(member, [1, 2], 100), { oneTime: 1, lastResortFresh: true });
    },
  },
  {
    title: 'an upload that was signed before the last one is refused',
    cites: 'another one that was signed before the last is `stale-signature`.',
    async run(bench) {
      const [member] = await bench.register(1);
      const body = KeyPackageUpload.encode({ replace: true, oneTime: packages(0, 5), lastResort: null });
      const asked = { method: 'PUT', path: routes.keyPackages, body };
      const earlier = signByHand(bench, member, asked, { parameters: { created: bench.now() - 20 } });
      await upload(member, [1], null);
      await refused(bench.fetch(earlier), 'stale-signature');
      assert.equal((await member.queue()).hello.keyPackages, 1);
    },
  },
  {
    title: 'a claim takes the oldest one-time package, and each is given once',
    cites: claims,
    async run(bench) {
      const [member, one, two, three] = await bench.register(4);
      await upload(member, [1, 2, 3], null);
      for (const [i, claimer] of [one, two, three].entries()) {
        assert.deepEqual(await claim(claimer, [member]), [i + 1]);
      }
      assert.equal((await member.queue()).hello.keyPackages, 0);
    },
  },
  {
    title: 'a claimer gets one one-time package of a mailbox, and then that of last resort',
    cites: claims,
    async run(bench) {
      const [member, claimer] = await bench.register(2);
      await upload(member, [1, 2], 100);
      assert.deepEqual(await claim(claimer, [member]), [1]);
      for (let i = 0; i < 2; i++) assert.deepEqual(await claim(claimer, [member]), [100]);
      const { keyPackages: oneTime, lastResortFresh } = (await member.queue()).hello;
      assert.deepEqual({ oneTime, lastResortFresh }, { oneTime: 1, lastResortFresh: false });
    },
  },
  {
    title: 'everybody gets the package of last resort when there is no other',
    cites: claims,
    async run(bench) {
      const [member, one, two] = await bench.register(3);
      await upload(member, [], 100);
      for (const claimer of [one, two]) assert.deepEqual(await claim(claimer, [member]), [100]);
    },
  },
  {
    title: 'a claimer who has had its one-time package gets none where there is no other',
    cites: 'code is `unregistered`, `no-key-package` or `rate-limited`',
    async run(bench) {
      const [member, claimer] = await bench.register(2);
      await upload(member, [1, 2], null);
      assert.deepEqual(await claim(claimer, [member]), [1]);
      assert.deepEqual(await claim(claimer, [member]), ['no-key-package']);
      assert.equal((await member.queue()).hello.keyPackages, 1);
    },
  },
  {
    title: 'a claim is answered for each HRID, in order',
    cites:
      '`POST /v1/key-packages/claim`** `[id 16, [hrid 32 × 1…255]]` → `200 [[[UploadedPackage|null, code|null] × n]]`, in order; one of the two is null',
    async run(bench) {
      const [claimer, one, two, none] = await bench.register(4);
      await upload(one, [1], null);
      await upload(two, [2], null);
      const of = [two, bench.stranger(), none, one];
      assert.deepEqual(await claim(claimer, of), [2, 'unregistered', 'no-key-package', 1]);
    },
  },
  {
    title: 'the same claim again gets the same packages, in any order',
    cites: 'The same id with the same HRID gets the same package for an hour.',
    async run(bench) {
      const [claimer, one, two] = await bench.register(3);
      await upload(one, [1, 11], 100);
      await upload(two, [2, 12], 200);
      const id = randomBytes(16);
      assert.deepEqual(await claim(claimer, [one, two], id), [1, 2]);
      assert.deepEqual(await claim(claimer, [two, one], id), [2, 1]);
      assert.deepEqual(await claim(claimer, [one, one], id), [1, 1]);
      assert.equal((await one.queue()).hello.keyPackages, 1);
    },
  },
  {
    title: 'the same id of another claimer is another claim',
    cites: 'The same id with the same HRID gets the same package for an hour.',
    async run(bench) {
      const [member, one, two] = await bench.register(3);
      await upload(member, [1, 2], null);
      const id = randomBytes(16);
      assert.deepEqual(await claim(one, [member], id), [1]);
      assert.deepEqual(await claim(two, [member], id), [2]);
    },
  },
  {
    title: 'a claimer gets no more than eight answers of a mailbox an hour',
    cites: '`rate-limited` (after eight claims of one claimer at one mailbox in an hour)',
    async run(bench) {
      const [member, claimer, other] = await bench.register(3);
      await upload(member, [1], 100);
      const id = randomBytes(16);
      const answers = [await claim(claimer, [member], id)];
      for (let i = 0; i < 8; i++) answers.push(await claim(claimer, [member]));
      assert.deepEqual(answers.flat(), [1, ...Array(7).fill(100), 'rate-limited']);
      assert.deepEqual(await claim(claimer, [member], id), [1]);
      assert.deepEqual(await claim(other, [member]), [100]);
    },
  },
  {
    title: 'a claim of nobody, of 256, or under an id of another length is refused',
    cites: '`POST /v1/key-packages/claim`** `[id 16, [hrid 32 × 1…255]]`',
    async run(bench) {
      const [claimer] = await bench.register(1);
      const post = (body: Bytes) => claimer.fetch({ method: 'POST', path: routes.keyPackageClaims, body });
      const id = Uint8Array.of(0x82, 0x50, ...new Uint8Array(16));
      const hrid = Uint8Array.of(0x58, 32, ...claimer.hrid);
      await refused(post(concatBytes(id, Uint8Array.of(0x80))), 'malformed');
      await refused(post(concatBytes(id, Uint8Array.of(0x99, 1, 0), ...Array(256).fill(hrid))), 'malformed');
      await refused(post(Uint8Array.of(0x82, 0x4f, ...new Uint8Array(15), 0x81, ...hrid)), 'malformed');
      await answered(await post(concatBytes(id, Uint8Array.of(0x81), hrid)), 200);
    },
  },
  {
    title: 'an upload of packages of another length is refused',
    cites: 'UploadedPackage  [SignedKeyPackage bytes ≤ 384, kem 1216]',
    async run(bench) {
      const [member] = await bench.register(1);
      const put = (signed: number, kem: number) => {
        const head = (bytes: number) => [0x59, bytes >> 8, bytes & 255, ...new Uint8Array(bytes)];
        const body = Uint8Array.of(0x83, 0xf4, 0x81, 0x82, ...head(signed), ...head(kem), 0xf6);
        return member.fetch({ method: 'PUT', path: routes.keyPackages, body });
      };
      await refused(put(385, 1216), 'malformed');
      await refused(put(384, 1215), 'malformed');
      await refused(put(384, 1217), 'malformed');
      await answered(await put(384, 1216), 200);
    },
  },
];
