// The relay's HTTP side: the order of middleware, and the routes.

import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { routePath } from 'hono/route';
import type { App } from './admission.ts';
import type { Platform } from './env.ts';
import { codeOf, problemResponse, Refusal } from './errors.ts';
import { log } from './log.ts';
import { healthRoutes } from './routes/health.ts';
import { inboxRoutes } from './routes/inbox.ts';
import { infoRoutes } from './routes/info.ts';
import { keyPackageRoutes } from './routes/key-packages.ts';
import { messageRoutes } from './routes/messages.ts';
import { queueRoutes } from './routes/queue.ts';
import { refusalRoutes } from './routes/refusals.ts';
import { registrationRoutes } from './routes/registrations.ts';
import { streamRoutes } from './routes/stream.ts';
import { webRoutes } from './routes/web.ts';
import { getServices } from './services.ts';
import { ConfigurationError, type Settings } from './settings.ts';

const preflightSeconds = 3600;
const yearSeconds = 31_536_000;

/** For a browser that is led to an answer which is no page; those of the web client have fields of their own. */
const securityFields: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};
const switchingProtocols = 101;

export function createApp(platform: Platform): Hono<App> {
  const app = new Hono<App>();

  app.use(async (c, next) => {
    const start = Date.now();
    await next();
    if (c.res.status !== switchingProtocols) addFields(c, platform);
    const milliseconds = Date.now() - start;
    log('request', { route: routePath(c, -1), method: c.req.method, status: c.res.status, milliseconds });
  });
  app.use(async (c, next) => {
    c.set('services', getServices(c.env));
    c.set('address', platform.addressOf(c.req.raw, c.env));
    checkHost(c.req.raw, c.var.services.settings);
    await next();
  });
  const ofOtherOrigins = cors({
    origin: (origin, c) => (c.var.services.settings.origins.includes(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['content-type', 'content-digest', 'signature', 'signature-input'],
    exposeHeaders: ['retry-after'],
    maxAge: preflightSeconds,
  });
  // It makes two responses more of each answer, and only a browser asks for it.
  app.use((c, next) => (c.req.raw.headers.has('origin') ? ofOtherOrigins(c, next) : next()));

  for (const routesOf of [
    infoRoutes,
    healthRoutes,
    registrationRoutes,
    keyPackageRoutes,
    messageRoutes,
    queueRoutes,
    refusalRoutes,
    inboxRoutes,
  ]) {
    routesOf(app);
  }
  streamRoutes(app, platform.connect);
  webRoutes(app);

  app.notFound(() => problemResponse(new Refusal('not-found')));
  app.onError((error, c) => {
    // The one thing that an operator must see at once, and it quotes no value.
    if (error instanceof ConfigurationError) return new Response(`${error.message}\n`, { status: 503 });
    if (c.var.services) c.var.services.counters.count('refused', codeOf(error));
    return problemResponse(error);
  });
  return app;
}

function addFields(c: Context<App>, platform: Platform): void {
  const { headers } = c.res;
  for (const [name, value] of Object.entries(securityFields)) if (!headers.has(name)) headers.set(name, value);
  if (!c.req.raw.headers.has('origin')) headers.append('vary', 'Origin');
  const isDeployed = c.var.services?.settings.development === false;
  if (!isDeployed || !platform.isSecure(c.req.raw, c.env)) return;
  headers.set('strict-transport-security', `max-age=${yearSeconds}`);
}

/**
 * A signature covers the authority that the request names: only under a name of this relay's does it say that the
 * request was meant for this relay. @throws Refusal `wrong-host`
 */
function checkHost(request: Request, { hosts }: Settings): void {
  if (hosts === null) return;
  const { host, hostname } = new URL(request.url);
  if (!hosts.includes(hostname) && !hosts.includes(host)) throw new Refusal('wrong-host');
}
