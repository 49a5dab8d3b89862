import type { Hono } from 'hono';
import { hashBytes, maxRefusals } from '../../client/wire/limits.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';
import { type Contract, described } from '../contract.ts';

const maxRefusalsBytes = maxRefusals * (hashBytes + 2) + 8;

const refuse = {
  summary: 'Names the senders whose messages the caller does not take; replaces the earlier list.',
  caller: 'registered',
  takes: { mediaType: mediaTypes.cbor, maxBytes: maxRefusalsBytes, content: Refusals },
  answers: { 204: null },
} satisfies Contract;

export function refusalRoutes(app: Hono<App>): void {
  app.put(routes.refusals, described(refuse), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, refuse.takes);
    await unwrap(await mailbox.refuse(request, body));
    return c.body(null, 204);
  });
}
