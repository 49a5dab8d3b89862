import { createSignature } from 'http-message-sig';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../../../client/transport/request-signature.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import {
  formatContentDigest,
  signatureAlgorithm,
  signatureLabel,
  signatureTag,
  signedComponents,
} from '../../../client/wire/signature.ts';
import { curves } from '../../support/group.ts';

const seed: Bytes = new Uint8Array(32).fill(7);
const sign = (data: Bytes) => curves.sign(seed, data);
const parameters = { created: 1_800_000_000, nonce: 'bm9uY2U', keyId: 'a2V5' };
const digest = formatContentDigest(new Uint8Array(32).fill(9));

describe('signRequest()', () => {
  test.each([
    ['GET', 'https://relay.example.org/v1/queue?epoch=a-_&after=12', null],
    ['GET', 'https://relay.example.org:443/v1/info', null],
    ['POST', 'http://RELAY.test:8080/v1/messages', digest],
    ['PUT', 'http://[::1]:8787/v1/key-packages?', digest],
    ['DELETE', 'https://relay.test/', digest],
  ])('signs %s %s as a library that knows all of RFC 9421 does', async (method, url, contentDigest) => {
    const fields = contentDigest === null ? [] : [{ name: 'content-digest', value: contentDigest }];
    const expected = await createSignature(
      { kind: 'request', method, targetUri: url, fields },
      {
        label: signatureLabel,
        components: signedComponents(contentDigest !== null),
        parameters: {
          created: parameters.created,
          nonce: parameters.nonce,
          keyid: parameters.keyId,
          alg: signatureAlgorithm,
          tag: signatureTag,
        },
        signer: { algorithm: signatureAlgorithm, sign: (data) => sign(new Uint8Array(data)) },
      },
    );
    const made = await signRequest({ method, url, contentDigest }, parameters, sign);
    expect(made).toEqual({ 'signature-input': expected.signatureInput, signature: expected.signature });
  });
});
