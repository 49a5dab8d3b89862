import type { Hono } from 'hono';
import { maxSendBytes } from '../../client/wire/limits.ts';
import { OutboxPage } from '../../client/wire/outbox.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Accepted, Send } from '../../client/wire/send.ts';
import { type App, admit } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { cborResponse, numberParameter } from './cbor.ts';

const send = {
  summary: 'Takes one message for several recipients, under the running number of its sender.',
  caller: 'registered',
  takes: { mediaType: mediaTypes.cbor, maxBytes: maxSendBytes, content: Send },
  answers: { 202: Accepted },
  refuses: ['number-reused', 'out-of-order', 'too-many-recipients', 'duplicate-recipient', 'mailbox-full'],
} satisfies Contract;

const readOutbox: Contract = {
  summary: 'The messages of the caller that somebody has not acknowledged.',
  caller: 'registered',
  query: ['after'],
  answers: { 200: OutboxPage },
  refuses: ['malformed'],
};

export function messageRoutes(app: Hono<App>): void {
  app.post(routes.messages, described(send), async (c) => {
    const { mailbox, request, body, unwrap } = await admit(c, send.takes);
    return cborResponse(Accepted, await unwrap(await mailbox.send(request, body)), 202);
  });

  app.get(routes.outbox, described(readOutbox), async (c) => {
    const after = numberParameter(c.req.query('after'));
    const { mailbox, request, unwrap } = await admit(c, null);
    return cborResponse(OutboxPage, await unwrap(await mailbox.outbox(request, after)));
  });
}
