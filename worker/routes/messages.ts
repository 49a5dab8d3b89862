import type { Hono } from 'hono';
import { maxSendBytes } from '../../client/wire/limits.ts';
import { OutboxPage } from '../../client/wire/outbox.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Accepted } from '../../client/wire/send.ts';
import { type App, admit } from '../admission.ts';
import { cborResponse, numberParameter } from './cbor.ts';

export function messageRoutes(app: Hono<App>): void {
  app.post(routes.messages, async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, { mediaType: mediaTypes.cbor, maxBytes: maxSendBytes });
    return cborResponse(Accepted, await unwrap(await mailbox.send(request, body)), 202);
  });

  app.get(routes.outbox, async (c) => {
    const after = numberParameter(c.req.query('after'));
    const { mailbox, request, unwrap } = await admit(c, null);
    return cborResponse(OutboxPage, await unwrap(await mailbox.outbox(request, after)));
  });
}
