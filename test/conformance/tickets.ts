// Section 10: tickets, and who may connect.

import assert from 'node:assert/strict';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { answered, type Bench, type Case, refused } from './bench.ts';
import { upgrade } from './connection.ts';
import { signByHand } from './signing.ts';

const withTicket = (ticket: string) => [streamProtocol, ticketProtocolPrefix + ticket];

async function ticketOf(bench: Bench, recorded: Request): Promise<string> {
  const text = new TextDecoder().decode(await answered(await bench.fetch(recorded), 200));
  return (JSON.parse(text) as { ticket: string }).ticket;
}

const once =
  'Once a ticket was used, older ones are void, and so is every other ticket for the same request or for one that was signed before it.';

export const tickets: readonly Case[] = [
  {
    title: 'a ticket opens a stream under the subprotocol of the protocol',
    cites:
      'WebSocket, with the subprotocols `cliquet.v1` and `cliquet.ticket.` followed by the ticket; the relay chooses the first.',
    async run(bench) {
      const [member] = await bench.register(1);
      const response = await member.fetch({ method: 'POST', path: routes.tickets });
      const { ticket, ...rest } = JSON.parse(new TextDecoder().decode(await answered(response, 200)));
      assert.deepEqual([typeof ticket, rest], ['string', {}]);
      const connection = await bench.connect(member, ticket);
      await connection.next('hello');
      assert.equal(connection.protocol, 'cliquet.v1');
    },
  },
  {
    title: 'a ticket opens one stream, and a second use closes nothing',
    cites: 'opaque, good for one connection within 30 seconds.',
    async run(bench) {
      const [member, sender] = await bench.register(2);
      const ticket = await member.ticket();
      const connection = await bench.connect(member, ticket);
      await connection.next('hello');
      await connection.next('drained');
      await refused(upgrade(bench.url, withTicket(ticket)), 'ticket-invalid');
      await sender.send([member], encodeUtf8('x'));
      await connection.next('entry');
    },
  },
  {
    title: 'a ticket that was used makes older ones void',
    cites: once,
    async run(bench) {
      const [member] = await bench.register(1);
      const [older, newer] = [await member.ticket(), await member.ticket()];
      await (await bench.connect(member, newer)).next('hello');
      await refused(upgrade(bench.url, withTicket(older)), 'ticket-invalid');
    },
  },
  {
    title: 'of two tickets for one request, one opens a stream',
    cites: once,
    async run(bench) {
      const [member] = await bench.register(1);
      const recorded = signByHand(bench, member, { method: 'POST', path: routes.tickets });
      const [one, two] = [await ticketOf(bench, recorded), await ticketOf(bench, recorded)];
      await (await bench.connect(member, one)).next('hello');
      await refused(upgrade(bench.url, withTicket(two)), 'ticket-invalid');
      await refused(upgrade(bench.url, withTicket(await ticketOf(bench, recorded))), 'ticket-invalid');
    },
  },
  {
    title: 'a ticket for a request that was signed before that of the last one opens none',
    cites: once,
    async run(bench) {
      const [member] = await bench.register(1);
      const parameters = { created: bench.now() - 20 };
      const recorded = signByHand(bench, member, { method: 'POST', path: routes.tickets }, { parameters });
      await (await bench.connect(member)).next('hello');
      await refused(upgrade(bench.url, withTicket(await ticketOf(bench, recorded))), 'ticket-invalid');
    },
  },
  {
    title: 'a ticket that was altered, or stands among other subprotocols, opens none and is not used up',
    cites: '`malformed` (no WebSocket), `ticket-invalid`.',
    async run(bench) {
      const [member] = await bench.register(1);
      const ticket = await member.ticket();
      const altered = (ticket.startsWith('A') ? 'B' : 'A') + ticket.slice(1);
      for (const protocols of [
        withTicket(altered),
        withTicket(ticket.slice(0, -1)),
        withTicket(`${ticket}A`),
        withTicket(''),
        [streamProtocol],
        [ticketProtocolPrefix + ticket],
        ['other.v1', ticketProtocolPrefix + ticket],
      ]) {
        await refused(upgrade(bench.url, protocols), 'ticket-invalid');
      }
      await (await bench.connect(member, ticket)).next('hello');
    },
  },
  {
    title: 'a ticket opens nothing after the registration has ended, nor in the next one',
    cites: 'A replayed request changes nothing',
    async run(bench) {
      const member = bench.stranger();
      await member.register();
      const ticket = await member.ticket();
      await answered(await member.deregister((await member.queue()).hello.epoch), 204);
      await refused(upgrade(bench.url, withTicket(ticket)), 'ticket-invalid');
      await member.register();
      await refused(upgrade(bench.url, withTicket(ticket)), 'ticket-invalid');
    },
  },
  {
    title: 'what is no WebSocket is refused',
    cites: '`malformed` (no WebSocket), `ticket-invalid`.',
    async run(bench) {
      const [member] = await bench.register(1);
      await refused(bench.fetch(routes.stream), 'malformed');
      const headers = { 'sec-websocket-protocol': withTicket(await member.ticket()).join(', ') };
      await refused(bench.fetch(routes.stream, { headers }), 'malformed');
    },
  },
  {
    title: 'a page of the relay’s own origin may connect, and one of another origin may not',
    cites:
      "`origin-refused` (a browser's page of an origin that is neither the relay's own nor named by the deployment)",
    async run(bench) {
      const [member] = await bench.register(1);
      const from = async (origin: string) => upgrade(bench.url, withTicket(await member.ticket()), { origin });
      await refused(from('https://nobody.invalid'), 'origin-refused');
      await refused(from('null'), 'origin-refused');
      assert.equal(await from(new URL(bench.url).origin), null);
    },
  },
];
