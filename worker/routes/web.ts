// The web client (client/web), as its build has left it: a page at `/`, and what that names. The same bytes and fields on
// every host. Beside it lies docs/openapi.json. The page may run its own scripts and nothing else, talks to nobody but this relay, and stands in no frame.

import type { Context, Hono } from 'hono';
import type { App } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { Refusal } from '../errors.ts';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // The stream of the same origin is in it too.
  "connect-src 'self'",
  // What members have sent is shown from memory.
  "img-src 'self' blob:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // One policy, for the name of the service worker.
  'trusted-types cliquet',
].join('; ');

/** The camera scans codes; the rest is for nobody, not even for the page itself. */
const permissionsPolicy = [
  'camera=(self)',
  ...['accelerometer', 'autoplay', 'clipboard-read', 'display-capture', 'encrypted-media', 'fullscreen'],
  ...['gamepad', 'geolocation', 'gyroscope', 'hid', 'idle-detection', 'local-fonts', 'magnetometer', 'microphone'],
  ...['midi', 'payment', 'picture-in-picture', 'publickey-credentials-get', 'screen-wake-lock', 'serial', 'usb'],
  'xr-spatial-tracking',
]
  .map((feature) => (feature.includes('=') ? feature : `${feature}=()`))
  .join(', ');

/** Beside those of every answer (app.ts). */
const pageFields: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'permissions-policy': permissionsPolicy,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  vary: 'accept-encoding',
};

const yearSeconds = 31_536_000;
/** A name with a hash in it never stands for other bytes. */
const forEver = `public, max-age=${yearSeconds}, immutable`;

const mediaTypes: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  webmanifest: 'application/manifest+json',
};

const page: Contract = {
  summary: 'The web client.',
  caller: 'anybody',
  answers: { 200: 'text/html' },
  refuses: ['not-found'],
};
const script: Contract = { ...page, summary: 'Its service worker.', answers: { 200: 'text/javascript' } };
const manifest: Contract = {
  ...page,
  summary: 'What its installation needs.',
  answers: { 200: 'application/manifest+json' },
};
const asset: Contract = {
  ...page,
  summary: 'What its page names.',
  answers: { 200: ['text/javascript', 'text/css', 'image/png', 'image/svg+xml'] },
};
const api: Contract = {
  ...page,
  summary: 'This document. In development only.',
  answers: { 200: 'application/json' },
};

export function webRoutes(app: Hono<App>): void {
  const serve = async (c: Context<App>, path: string, caching: string) => {
    const type = mediaTypes[path.slice(path.lastIndexOf('.') + 1)];
    const file = type === undefined ? null : await readFile(c, path);
    if (type === undefined || file === null) throw new Refusal('not-found');
    return new Response(file.body, {
      headers: {
        ...pageFields,
        ...encodingOf(file),
        'content-type': type,
        'cache-control': caching,
      },
    });
  };
  app.get('/', described(page), (c) => serve(c, '/index.html', 'no-cache'));
  app.get('/service-worker.js', described(script), (c) => serve(c, '/service-worker.js', 'no-cache'));
  app.get('/manifest.webmanifest', described(manifest), (c) => serve(c, '/manifest.webmanifest', 'no-cache'));
  app.get('/v1/openapi.json', described(api), (c) => {
    if (!c.var.services.settings.development) throw new Refusal('not-found');
    return serve(c, '/openapi.json', 'no-cache');
  });
  app.get('/assets/:name{[A-Za-z0-9._-]+}', described(asset), (c) =>
    serve(c, `/assets/${c.req.param('name')}`, forEver),
  );
}

/** What the host has under this path, or null. */
async function readFile(c: Context<App>, path: string): Promise<Response | null> {
  const accepted = c.req.header('accept-encoding');
  const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
  const response = await c.env.ASSETS.fetch(new Request(new URL(path, c.req.url), { headers }));
  return response.status === 200 ? response : null;
}

/** How the host has compressed it, if it has. */
function encodingOf({ headers }: Response): Readonly<Record<string, string>> {
  const encoding = headers.get('content-encoding');
  return encoding === null ? {} : { 'content-encoding': encoding };
}
