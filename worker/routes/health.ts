// For whoever watches over the relay. Strangers learn whether it works and no more: counts that anybody can read would tell
// when somebody writes to somebody.

import type { Context, Hono } from 'hono';
import { decodeBase64Url } from '../../client/wire/bytes.ts';
import type { App } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { Refusal } from '../errors.ts';
import { type HealthAnswer, HealthSchema } from '../health.ts';
import { sameSecret } from '../names.ts';
import { prefixOf } from '../prefix.ts';
import { version } from '../version.ts';

const healthPath = '/v1/health';
const retrySeconds = 60;

const tell: Contract = {
  summary: 'Whether the relay works; for its operator, who has a token, also what it has counted.',
  caller: 'operator',
  // The text is for who has not configured it.
  answers: { 200: HealthSchema, 503: [HealthSchema, 'text/plain'] },
  refuses: ['rate-limited'],
};

export function healthRoutes(app: Hono<App>): void {
  app.get(healthPath, described(tell), async (c) => {
    const { services } = c.var;
    const isOperator = services.settings.development || hasToken(c);
    if (!isOperator && !(await services.allowStranger(`health ${prefixOf(c.var.address)}`))) {
      throw new Refusal('rate-limited', { retryAfter: retrySeconds });
    }
    const failing = await services.health.failing();
    const { since, counts } = services.counters.totals;
    const { scope } = services.counters;
    const health: HealthAnswer = {
      status: failing.length === 0 ? 'ok' : 'failing',
      ...(isOperator
        ? { details: { version, failing: [...failing], scope, since: Math.floor(since / 1000), counts: { ...counts } } }
        : {}),
    };
    c.header('cache-control', 'no-store');
    return c.json(health, failing.length === 0 ? 200 : 503);
  });
}

function hasToken(c: Context<App>): boolean {
  const { healthToken } = c.var.services.settings.secrets;
  const [, given] = /^Bearer ([\w-]+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
  if (healthToken === null || given === undefined) return false;
  try {
    return sameSecret(decodeBase64Url(given), healthToken);
  } catch {
    return false;
  }
}
