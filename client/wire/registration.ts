// Registration (diagram 1). JSON.
//
//   POST   /v1/registrations  RegistrationRequest → 202 RegistrationChallenge   (a code goes to the address)
//   PUT    /v1/registrations  RegistrationAnswer, signed → 200 Registration
//   DELETE /v1/registrations  Deregistration, signed → 204

import * as v from 'valibot';
import { jsonBytes } from './json.ts';
import { hashBytes, maxAddressLength, maxLanguageLength, maxVaults } from './limits.ts';

export const epochBytes = 16;

export const RegistrationRequestSchema = v.strictObject({
  /** The address that receives the challenge; the relay forgets it once the code is sent. */
  uid: v.pipe(v.string(), v.maxLength(maxAddressLength)),
  /** One challenge can register several vaults; each has a key of its own. */
  vaults: v.pipe(
    v.array(v.strictObject({ pk: jsonBytes(hashBytes), hashVid: jsonBytes(hashBytes) })),
    v.minLength(1),
    v.maxLength(maxVaults),
  ),
  /** In which language the code is sent: a BCP 47 tag. The relay takes what it has of it, or English. */
  language: v.optional(v.pipe(v.string(), v.maxLength(maxLanguageLength))),
});

export const RegistrationChallengeSchema = v.object({
  /** Opaque to the client; goes back with the answer. */
  challenge: v.pipe(v.string(), v.maxLength(512)),
  /** Seconds since 1970 at which the code ends. */
  expires: v.number(),
  /** H(H(UID) ‖ H(PK) ‖ H(VID)) of each vault, in order, for the client to check. */
  hrids: v.array(jsonBytes(hashBytes)),
});

export const RegistrationAnswerSchema = v.strictObject({
  challenge: v.pipe(v.string(), v.maxLength(512)),
  answer: v.pipe(v.string(), v.maxLength(32)),
});

export const RegistrationSchema = v.object({
  hrid: jsonBytes(hashBytes),
  /** The mailbox's queue epoch. */
  epoch: jsonBytes(epochBytes),
});

export const DeregistrationSchema = v.strictObject({ epoch: jsonBytes(epochBytes) });

/** POST /v1/tickets, signed, without a body → a single-use ticket for /v1/stream. */
export const TicketSchema = v.object({
  /** Goes into a header of the WebSocket's request. */
  ticket: v.pipe(v.string(), v.maxLength(512), v.regex(/^[\w-]+$/)),
});

export type RegistrationChallenge = v.InferOutput<typeof RegistrationChallengeSchema>;
export type Registration = v.InferOutput<typeof RegistrationSchema>;
