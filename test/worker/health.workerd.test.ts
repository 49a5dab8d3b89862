// GET /v1/health as strangers and operators see it.

import { createExecutionContext } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DataPoint } from '../../worker/counters.ts';
import app from '../../worker/index.ts';
import { healthAgeMs } from '../../worker/limits.ts';
import { production, secret } from '../support/production.ts';

const token = `${'B'.repeat(42)}A`;
const strangers = { left: 0 };
const points: DataPoint[] = [];
const filter = { isBroken: false };
const deployment = {
  ...production,
  HEALTH_TOKEN: token,
  EMAIL_CHANNELS: 'resend',
  RESEND_KEY: 'x',
  MAIL_FROM: 'codes@example.org',
  STRANGERS: { limit: async () => ({ success: strangers.left-- > 0 }) },
  COUNTERS: { writeDataPoint: (point: DataPoint) => void points.push(point) },
  FILTER: {
    get: async () => {
      if (filter.isBroken) throw new Error('down');
      return null;
    },
  },
};

async function ask(authorization?: string) {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await app.request('https://relay.test/v1/health', { headers }, deployment, createExecutionContext());
  return { status: response.status, body: await response.json(), headers: response.headers };
}

afterEach(() => void vi.useRealTimers());

describe('GET /v1/health', () => {
  test('tells strangers whether it works and no more, and each network so often', async () => {
    strangers.left = 2;
    const { status, body, headers } = await ask();
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok' } });
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await ask('Bearer x')).body).toEqual({ status: 'ok' });
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited', retryAfter: 60 } });
  });

  test.each([`Bearer ${secret}`, `Bearer ${token}A`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token, 'Bearer !'])(
    'takes no other token, as in %s',
    async (authorization) => {
      strangers.left = 1;
      expect((await ask(authorization)).body).toEqual({ status: 'ok' });
    },
  );

  test('tells who has the token what this isolate has counted, whatever strangers do', async () => {
    strangers.left = 0;
    const { status, body } = await ask(`Bearer ${token}`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: { failing: [], scope: 'isolate', version: '0.1.0', counts: { 'refused rate-limited': 1 } },
      },
    });
    expect(points).toEqual([{ indexes: ['refused'], blobs: ['refused', 'rate-limited'], doubles: [1] }]);
  });

  test('fails when the key-value store does, and names it to who has the token', async () => {
    vi.useFakeTimers({ now: Date.now() + healthAgeMs, toFake: ['Date'] });
    filter.isBroken = true;
    strangers.left = 1;
    const { status, body } = await ask(`Bearer ${token}`);
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { status: 'failing', details: { failing: ['filter'] } },
    });
    expect(await ask()).toMatchObject({ status: 503, body: { status: 'failing' } });
  });
});
