import { expect, test } from 'vitest';
import {
  closeReplaced,
  mediaTypes,
  routes,
  streamProtocol,
  ticketProtocolPrefix,
} from '../../../client/wire/routes.ts';

test('routes are of version 1, distinct, and carry no identifier', () => {
  const paths = Object.values(routes);
  expect(new Set(paths).size).toBe(paths.length);
  for (const path of paths) expect(path).toMatch(/^\/v1\/[a-z-]+(\/[a-z]+)?$/);
});

test('WebSocket subprotocols are tokens (RFC 6455 §4.1), the close code is one for applications (§7.4.2)', () => {
  for (const token of [streamProtocol, ticketProtocolPrefix]) expect(token).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
  expect(closeReplaced).toBeGreaterThanOrEqual(4000);
  expect(closeReplaced).toBeLessThan(5000);
});

test('media types are without parameters', () => {
  for (const type of Object.values(mediaTypes)) expect(type).toMatch(/^application\/[a-z+]+$/);
});
