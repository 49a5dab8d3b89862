import type { Hono } from 'hono';
import { KeyPackageClaimResult, KeyPackageCount } from '../../client/wire/key-package.ts';
import { hashBytes, maxKeyPackages, maxRecipients } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';
import { cborResponse } from './cbor.ts';

/** An uploaded package is at most 384 + 1,216 bytes and their CBOR heads. */
const maxUploadBytes = (maxKeyPackages + 1) * 1616 + 64;
const maxClaimBytes = maxRecipients * (hashBytes + 2) + 64;

export function keyPackageRoutes(app: Hono<App>): void {
  app.put(routes.keyPackages, async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, { mediaType: mediaTypes.cbor, maxBytes: maxUploadBytes });
    return cborResponse(KeyPackageCount, await unwrap(await mailbox.uploadPackages(request, body)));
  });

  app.post(routes.keyPackageClaims, async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, { mediaType: mediaTypes.cbor, maxBytes: maxClaimBytes });
    return cborResponse(KeyPackageClaimResult, await unwrap(await mailbox.claimPackages(request, body)));
  });
}
