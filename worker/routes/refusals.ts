import type { Hono } from 'hono';
import { hashBytes, maxRefusals } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';

const maxRefusalsBytes = maxRefusals * (hashBytes + 2) + 8;

export function refusalRoutes(app: Hono<App>): void {
  app.put(routes.refusals, async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, {
      mediaType: mediaTypes.cbor,
      maxBytes: maxRefusalsBytes,
    });
    await unwrap(await mailbox.refuse(request, body));
    return c.body(null, 204);
  });
}
