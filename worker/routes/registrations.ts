// Registration (diagram 1): a code goes to the address, its answer makes the mailbox.

import type { Context, Hono } from 'hono';
import { parseAddress } from '../../client/wire/address.ts';
import { type Bytes, concatBytes, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { bytes, struct, text, uint } from '../../client/wire/codec.ts';
import { parseJson } from '../../client/wire/json.ts';
import { maxJsonBytes } from '../../client/wire/limits.ts';
import {
  DeregistrationSchema,
  RegistrationAnswerSchema,
  RegistrationChallengeSchema,
  RegistrationRequestSchema,
  RegistrationSchema,
} from '../../client/wire/registration.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit, readSigned } from '../admission.ts';
import { checkMediaType, readBody } from '../body.ts';
import { languageOf } from '../challenge/letter.ts';
import { challengeIdBytes } from '../challenge/registrar.ts';
import { type Contract, described } from '../contract.ts';
import { Refusal, unwrap } from '../errors.ts';
import { prefixOf } from '../prefix.ts';

const json = { mediaType: mediaTypes.json, maxBytes: maxJsonBytes };
const strangerRetrySeconds = 60;

/** What `challenge` seals: which one of which registrar, and until when (milliseconds since 1970). */
const Pointer = struct('challenge pointer', { registrar: text(64), id: bytes(challengeIdBytes), expires: uint() });

const begin: Contract = {
  summary: 'Sends a code to an address, for one or several vaults.',
  caller: 'anybody',
  takes: { ...json, content: RegistrationRequestSchema },
  answers: { 202: RegistrationChallengeSchema },
  refuses: ['rate-limited', 'address-invalid', 'channel-unavailable', 'challenge-too-soon', 'challenge-undeliverable'],
};

const register: Contract = {
  summary: 'Registers one vault with the code that was sent.',
  caller: 'registering',
  takes: { ...json, content: RegistrationAnswerSchema },
  answers: { 200: RegistrationSchema },
  refuses: ['challenge-unknown', 'challenge-expired', 'challenge-exhausted', 'challenge-wrong'],
};

const deregister: Contract = {
  summary: 'Removes all that the relay holds for the caller.',
  caller: 'registered',
  takes: { ...json, content: DeregistrationSchema },
  answers: { 204: null },
  refuses: ['epoch-mismatch'],
};

export function registrationRoutes(app: Hono<App>): void {
  app.post(routes.registrations, described(begin), async (c) => {
    await checkStranger(c);
    const { services } = c.var;
    checkMediaType(c.req.raw, mediaTypes.json);
    const bounds = { maxBytes: maxJsonBytes, timeoutMs: services.settings.bodyTimeoutMs };
    const input = parseJson(RegistrationRequestSchema, decodeText(await readBody(c.req.raw, bounds)));
    const address = parseAddress(input.uid);
    const { isPublicKey } = await import('../public-key.ts');
    if (!input.vaults.every(({ pk }) => isPublicKey(pk))) throw new Refusal('malformed', { detail: 'a pk is no key' });
    const hrids = await Promise.all(input.vaults.map(({ pk, hashVid }) => computeHrid(address.uid, pk, hashVid)));
    const registrar = await services.registrarName(address.uid);
    const vaults = input.vaults.map(({ pk }, i) => ({ hrid: hrids[i] ?? new Uint8Array(), pk }));
    const network = await services.pepper.digest('network', encodeUtf8(prefixOf(c.var.address)));
    const wishes = { language: languageOf(input.language), host: new URL(c.req.url).hostname };
    const { id, expires } = unwrap(await services.registrarNamed(registrar).begin(address, vaults, network, wishes));
    const challenge = await services.challenges.seal(Pointer.encode({ registrar, id, expires }));
    return c.json({ challenge, expires: Math.floor(expires / 1000), hrids: hrids.map(encodeBase64Url) }, 202);
  });

  app.put(routes.registrations, described(register), async (c) => {
    await checkStranger(c);
    const { services } = c.var;
    const { hrid, request, body } = await readSigned(c, json);
    const { challenge, answer } = parseJson(RegistrationAnswerSchema, decodeText(body));
    const pointer = await services.challenges.open(challenge);
    if (pointer === null) throw new Refusal('challenge-unknown');
    const { registrar, id, expires } = Pointer.decode(pointer);
    if (expires <= Date.now()) throw new Refusal('challenge-expired');

    // In this order, each step harmless when repeated: a client whose mailbox exists is in the filter.
    const pk = unwrap(await services.registrarNamed(registrar).answer(id, hrid, answer, request));
    await services.filter.add(hrid);
    const mailbox = await services.mailbox(hrid);
    const { epoch } = await mailbox.register(hrid, pk);
    services.strangers.admit(prefixOf(c.var.address), hrid);
    return c.json({ hrid: encodeBase64Url(hrid), epoch: encodeBase64Url(epoch) });
  });

  app.delete(routes.registrations, described(deregister), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, { ...json, check: parseEpoch });
    await unwrap(await mailbox.deregister(request, parseEpoch(body)));
    return c.body(null, 204);
  });
}

function parseEpoch(body: Bytes): Bytes {
  return parseJson(DeregistrationSchema, decodeText(body)).epoch;
}

/** Coarse, and per location: what an address or a mailbox allows is counted in its own object. */
async function checkStranger(c: Context<App>): Promise<void> {
  if (await c.var.services.allowStranger(`register ${prefixOf(c.var.address)}`)) return;
  throw new Refusal('rate-limited', { retryAfter: strangerRetrySeconds });
}

/** HRID = H(H(UID) ‖ H(PK) ‖ H(VID)). */
async function computeHrid(uid: string, pk: Bytes, hashVid: Bytes): Promise<Bytes> {
  return sha256(concatBytes(await sha256(encodeUtf8(uid)), await sha256(pk), hashVid));
}

async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
}

function decodeText(body: Bytes): string {
  try {
    return decodeUtf8(body);
  } catch {
    throw new Refusal('malformed', { detail: 'expected UTF-8' });
  }
}
