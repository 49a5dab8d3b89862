// Section 17, and what web pages may do (section 6).

import assert from 'node:assert/strict';
import { routes } from '../../client/wire/routes.ts';
import { type Case, refused } from './bench.ts';

const origin = 'https://nobody.invalid';

export const errors: readonly Case[] = [
  {
    title: 'a path that is not there is answered with a problem document',
    cites:
      'Over HTTP a problem document (RFC 9457, `application/problem+json`) with `type` (`urn:cliquet:problem:` and the code), `title`, `status` and `code`, sometimes `detail`',
    async run(bench) {
      for (const path of ['/v1/nothing', '/v1', '/v2/info', '/v1/info/x', `${routes.queue}/x`]) {
        const { detail, ...problem } = await refused(bench.fetch(path), 'not-found');
        assert.deepEqual(Object.keys(problem).sort(), ['code', 'status', 'title', 'type']);
        assert.ok(detail === undefined || typeof detail === 'string');
      }
    },
  },
  {
    title: 'a method that a path does not have is answered as if there were nothing',
    cites: 'A method that a path does not have is `not-found`.',
    async run(bench) {
      for (const [method, path] of [
        ['GET', routes.messages],
        ['GET', routes.registrations],
        ['GET', routes.tickets],
        ['POST', routes.info],
        ['POST', routes.queue],
        ['DELETE', routes.queue],
        ['POST', routes.keyPackages],
        ['PATCH', routes.refusals],
      ] as const) {
        await refused(bench.fetch(path, { method }), 'not-found');
      }
    },
  },
  {
    title: 'a page of an origin that the deployment does not name may not call',
    cites: 'Pages of other origins may call (CORS) if the deployment names their origin.',
    async run(bench) {
      const headers = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'signature',
      };
      for (const path of [routes.messages, routes.registrations, routes.info]) {
        const preflight = await bench.fetch(path, { method: 'OPTIONS', headers });
        const allowed = preflight.headers.get('access-control-allow-origin');
        assert.ok(allowed !== '*' && allowed !== origin, `${allowed} is allowed`);
      }
      const allowed = (await bench.fetch(routes.info, { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      );
      assert.ok(allowed !== '*' && allowed !== origin, `${allowed} is allowed`);
    },
  },
];
