import { expect, test } from 'vitest';
import { AgreementHeader, Envelope, sealedSecretBytes } from '../../../client/wire/envelope.ts';
import * as limits from '../../../client/wire/limits.ts';
import { Send } from '../../../client/wire/send.ts';

const hash = new Uint8Array(limits.hashBytes);
const header = AgreementHeader.encode({
  package: hash,
  kemCiphertext: new Uint8Array(limits.kemCiphertextBytes),
  leaf: { type: 'contribution', generation: hash, from: Number.MAX_SAFE_INTEGER },
  exportGeneration: hash,
  sealed: new Uint8Array(sealedSecretBytes),
});

test('the largest agreement header fits into what one recipient gets', () => {
  expect(header.length).toBeLessThanOrEqual(limits.maxHeaderBytes);
});

test('255 of the largest agreement headers and the largest body fit into a send', () => {
  const encoded = Send.encode({
    n: Number.MAX_SAFE_INTEGER,
    to: Array.from({ length: limits.maxRecipients }, () => ({ hrid: hash, header })),
    body: new Uint8Array(limits.maxBodyBytes),
    ttlSeconds: limits.messageTtlSeconds,
  });
  expect(encoded.length).toBeLessThanOrEqual(limits.maxSendBytes);
  expect(limits.maxRecipients).toBe(limits.maxMembers - 1);
});

test('the largest content, padded and sealed, fits into a body', () => {
  const padded = Math.ceil(limits.maxContentBytes * 1.12) + 1024;
  const message = Envelope.encode({
    type: 'message',
    generation: new Uint8Array(limits.generationPrefixBytes),
    nonce: new Uint8Array(limits.nonceBytes),
    header: new Uint8Array(4096),
    outer: new Uint8Array(128),
    inner: new Uint8Array(padded),
  });
  expect(message.length).toBeLessThanOrEqual(limits.maxBodyBytes);
});
