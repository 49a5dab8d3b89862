import { Validator } from '@seriousme/openapi-schema-validator';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../client/wire/errors.ts';
import type { App } from '../../worker/admission.ts';
import { createApp } from '../../worker/app.ts';
import { describeApi } from '../../worker/openapi.ts';

const app = createApp({
  addressOf: () => '',
  isSecure: () => false,
  connect: () => Promise.reject(new Error('nothing is asked')),
});
const document = describeApi(app);

describe('docs/openapi.json', () => {
  test('is what the routes say; `npm run openapi` writes it anew', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../docs/openapi.json');
  });

  test('is an OpenAPI document of version 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('has every route of the relay, and no other', () => {
    const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
    const described = Object.entries(document.paths as object).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([...new Set(served.map((each) => each.replace(/:(\w+).*/, '{$1}')))].sort());
  });
});

test('describeApi() takes no route that says nothing', () => {
  const undescribed = new Hono<App>().get('/v1/secret', (c) => c.text('x'));
  expect(() => describeApi(undescribed)).toThrow(new TypeError('"described" expected before GET /v1/secret'));
});

test('every code that the relay answers stands at a route', () => {
  const text = JSON.stringify(document);
  const codes = Object.entries(errorCodes).filter(([, entry]) => 'status' in entry);
  expect(codes.map(([code]) => code).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});
