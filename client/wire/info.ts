// GET /v1/info: what a client should know of a relay before anything else. JSON.

import * as v from 'valibot';

export const InfoSchema = v.object({
  name: v.literal('cliquet'),
  version: v.string(),
  protocol: v.literal(1),
  /** Seconds since 1970, by the relay's clock. */
  time: v.number(),
  /** Kinds of address that can receive a challenge. */
  channels: v.array(v.picklist(['email', 'phone'])),
  limits: v.object({
    bodyBytes: v.number(),
    sendBytes: v.number(),
    recipients: v.number(),
    keyPackages: v.number(),
    messageTtlSeconds: v.number(),
  }),
});

export type Info = v.InferOutput<typeof InfoSchema>;
