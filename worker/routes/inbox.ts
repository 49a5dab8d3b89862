// The development inbox: the newest codes, for people and (`?address=`) for tests. On a developer's machine only.

import type { Context, Hono } from 'hono';
import { html, raw } from 'hono/html';
import * as v from 'valibot';
import { parseAddress } from '../../client/wire/address.ts';
import type { App } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { Refusal } from '../errors.ts';

const inboxPath = '/dev/inbox';

const loopback = ['127.0.0.1', 'localhost', '[::1]'];
const loopbackPeers = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];

const style = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  table { width: 100%; border-collapse: collapse; }
  th { text-align: left; font-weight: 600; }
  th, td { padding: .6rem .5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
  code { font-size: 1.4rem; letter-spacing: .12em; user-select: all; }
  td:last-child, .note { opacity: .7; }`;

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const show: Contract = {
  summary: 'The codes that would have been sent, newest first. On a machine of a developer only.',
  caller: 'anybody',
  query: ['address'],
  answers: {
    200: ['text/html', v.object({ codes: v.array(v.object({ code: v.string(), time: v.number() })) })],
  },
  refuses: ['not-found', 'address-invalid'],
};

export function inboxRoutes(app: Hono<App>): void {
  app.get(inboxPath, described(show), (c) => {
    checkDevelopment(c);
    const { inbox } = c.var.services;
    c.header('cache-control', 'no-store');
    // It has the web client's origin, and what strangers have written.
    c.header('content-security-policy', contentSecurityPolicy);
    const address = c.req.query('address');
    if (address !== undefined) {
      const letters = inbox.letters(parseAddress(address).uid);
      return c.json({ codes: letters.map(({ code, time }) => ({ code, time })) });
    }
    const rows = inbox
      .letters()
      .map(({ uid, code, time }) => html`<tr><td>${uid}<td><code>${code}</code><td>${formatTime(time)}`);
    return c.html(html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3">
<title>Cliquet: development inbox</title>
<style>${raw(style)}</style>
<h1>Development inbox</h1>
<p>Codes that this relay would have sent by e-mail or phone, newest first.
${rows.length === 0 ? html`<p class="note">No code was asked for yet. The page looks again every three seconds.` : html`<table><tr><th>Address<th>Code<th>Sent${rows}</table>`}
</html>`);
  });
}

/** In UTC, as the relay knows no other clock. */
function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)} UTC`;
}

/** @throws Refusal `not-found` */
function checkDevelopment(c: Context<App>): void {
  if (!c.var.services.settings.development || !isLoopback(c)) throw new Refusal('not-found');
}

/** By the name that was asked for, so that no foreign page reaches it by rebinding its own name, and by the peer. */
function isLoopback(c: Context<App>): boolean {
  const { address } = c.var;
  return loopback.includes(new URL(c.req.url).hostname) && (address === '' || loopbackPeers.includes(address));
}
