// The stream: a signed request gets a ticket, the ticket opens one WebSocket. Browsers cannot sign a WebSocket request,
// and a URL would be logged, so the ticket travels as a subprotocol.

import type { Hono } from 'hono';
import { struct, text } from '../../client/wire/codec.ts';
import { TicketSchema } from '../../client/wire/registration.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { type App, admit } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import type { Platform } from '../env.ts';
import { Refusal } from '../errors.ts';
import { ticketLifetimeMs } from '../limits.ts';
import { TicketClaim } from '../mailbox/ticket.ts';
import { isAllowedOrigin } from '../origin.ts';

/** What a ticket seals: the mailbox's name, and what the mailbox has said. */
const Ticket = struct('ticket', { mailbox: text(64), claim: TicketClaim });

const giveTicket: Contract = {
  summary: 'A ticket, which opens one stream within 30 seconds.',
  caller: 'registered',
  answers: { 200: TicketSchema },
};

const open: Contract = {
  summary: 'Opens the stream, a WebSocket: messages come as they arrive, sends and acknowledgements go.',
  caller: 'ticket',
  answers: { 101: null },
};

export function streamRoutes(app: Hono<App>, connect: Platform['connect']): void {
  app.post(routes.tickets, described(giveTicket), async (c) => {
    const { services } = c.var;
    const { hrid, mailbox, request, unwrap } = await admit(c, null);
    const claim = await unwrap(await mailbox.ticket(request));
    const plain = Ticket.encode({ mailbox: await services.mailboxName(hrid), claim });
    return c.json({ ticket: await services.tickets.seal(plain) });
  });

  app.get(routes.stream, described(open), async (c) => {
    const { services } = c.var;
    if (!isAllowedOrigin(c.req.raw, services.settings)) throw new Refusal('origin-refused');
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      throw new Refusal('malformed', { detail: 'expected a WebSocket request' });
    }
    // Everything about the ticket that can be told without waking the mailbox is told here.
    const plain = await services.tickets.open(ticketOf(c.req.header('sec-websocket-protocol')));
    if (plain === null) throw new Refusal('ticket-invalid');
    const { mailbox, claim } = Ticket.decode(plain);
    if (Date.now() - claim.issued > ticketLifetimeMs) throw new Refusal('ticket-invalid');
    return connect(c.req.raw, c.env, mailbox, claim);
  });
}

function ticketOf(protocols = ''): string {
  const offered = protocols.split(',').map((protocol) => protocol.trim());
  const ticket = offered.find((protocol) => protocol.startsWith(ticketProtocolPrefix));
  if (ticket === undefined || !offered.includes(streamProtocol)) throw new Refusal('ticket-invalid');
  return ticket.slice(ticketProtocolPrefix.length);
}
