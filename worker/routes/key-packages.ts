import type { Hono } from 'hono';
import {
  KeyPackageClaim,
  KeyPackageClaimResult,
  KeyPackageCount,
  KeyPackageUpload,
} from '../../client/wire/key-package.ts';
import { hashBytes, maxKeyPackages, maxRecipients } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { cborResponse } from './cbor.ts';

/** An uploaded package is at most 384 + 1,216 bytes and their CBOR heads. */
const maxUploadBytes = (maxKeyPackages + 1) * 1616 + 64;
const maxClaimBytes = maxRecipients * (hashBytes + 2) + 64;

const upload = {
  summary: 'Leaves key packages at the mailbox of the caller.',
  caller: 'registered',
  takes: { mediaType: mediaTypes.cbor, maxBytes: maxUploadBytes, content: KeyPackageUpload },
  answers: { 200: KeyPackageCount },
  refuses: ['too-many-key-packages'],
} satisfies Contract;

const claim = {
  summary: 'Takes one key package of each of several clients, to open a generation with.',
  caller: 'registered',
  takes: { mediaType: mediaTypes.cbor, maxBytes: maxClaimBytes, content: KeyPackageClaim },
  answers: { 200: KeyPackageClaimResult },
} satisfies Contract;

export function keyPackageRoutes(app: Hono<App>): void {
  app.put(routes.keyPackages, described(upload), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, upload.takes);
    return cborResponse(KeyPackageCount, await unwrap(await mailbox.uploadPackages(request, body)));
  });

  app.post(routes.keyPackageClaims, described(claim), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, claim.takes);
    return cborResponse(KeyPackageClaimResult, await unwrap(await mailbox.claimPackages(request, body)));
  });
}
