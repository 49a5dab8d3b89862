import type { Hono } from 'hono';
import { type Bytes, decodeBase64Url } from '../../client/wire/bytes.ts';
import { Ack, QueuePage } from '../../client/wire/queue.ts';
import { epochBytes } from '../../client/wire/registration.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { Refusal } from '../errors.ts';
import { cborResponse, numberParameter } from './cbor.ts';

const maxAckBytes = 64;

const read: Contract = {
  summary: 'What waits for the caller, in order; from its beginning, or from a cursor on.',
  caller: 'registered',
  query: ['epoch', 'after'],
  answers: { 200: QueuePage },
  refuses: ['malformed', 'epoch-mismatch'],
};

const acknowledge = {
  summary: 'All up to a number is stored by the caller, and may be deleted.',
  caller: 'registered',
  takes: { mediaType: mediaTypes.cbor, maxBytes: maxAckBytes, content: Ack },
  answers: { 204: null },
  refuses: ['epoch-mismatch', 'beyond-queue'],
} satisfies Contract;

export function queueRoutes(app: Hono<App>): void {
  app.get(routes.queue, described(read), async (c) => {
    // First, as is every refusal that does not depend on who is registered.
    const cursor = parseCursor(c.req.query('epoch'), c.req.query('after'));
    const { mailbox, request, unwrap } = await admit(c, null);
    return cborResponse(QueuePage, await unwrap(await mailbox.read(request, cursor)));
  });

  app.post(routes.queueAcks, described(acknowledge), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, acknowledge.takes);
    await unwrap(await mailbox.acknowledge(request, body));
    return c.body(null, 204);
  });
}

/** A sequence number means nothing without its epoch, so both stand there or neither. */
function parseCursor(epoch?: string, after?: string): { epoch: Bytes; after: number } | null {
  if (epoch === undefined && after === undefined) return null;
  return { epoch: parseEpoch(epoch), after: numberParameter(after) };
}

function parseEpoch(text = ''): Bytes {
  try {
    const epoch = decodeBase64Url(text);
    if (epoch.length === epochBytes) return epoch;
  } catch {
    // refused below
  }
  throw new Refusal('malformed', { detail: 'expected an epoch in the query' });
}
