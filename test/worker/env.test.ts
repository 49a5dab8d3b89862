import { expect, test } from 'vitest';
import { type Env, placed } from '../../worker/env.ts';
import { Services } from '../../worker/services.ts';

/** A class of objects that tells where each was looked for. */
function objects<T>(seen: string[], stub: T, within = 'anywhere') {
  return {
    jurisdiction: (name: string) => objects(seen, stub, name),
    getByName: () => {
      seen.push(within);
      return stub;
    },
  };
}

test('placed() takes objects of the jurisdiction, and never others instead', () => {
  const seen: string[] = [];
  const all = objects(seen, 'stub');
  placed(all, null).getByName('a');
  placed(all, 'eu').getByName('a');
  expect(seen).toEqual(['anywhere', 'eu']);
  expect(() => placed({ getByName: () => 'stub' }, 'eu')).toThrow(TypeError);
});

test('Services looks for every object within JURISDICTION', async () => {
  const secret = 'A'.repeat(43);
  const seen: Record<string, string[]> = { MAILBOX: [], REGISTRAR: [], SHARD: [] };
  const stub = { has: async () => false, add: async () => undefined };
  const env = {
    ENVIRONMENT: 'production',
    JURISDICTION: 'eu',
    ...{ PEPPER: secret, FILTER_KEY: secret, TICKET_KEY: secret },
    ...{ EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' },
    ...Object.fromEntries(Object.entries(seen).map(([name, list]) => [name, objects(list, stub)])),
    FILTER: { get: async () => null, put: async () => undefined, delete: async () => undefined },
    ASSETS: { fetch: async () => new Response() },
    STRANGERS: { limit: async () => ({ success: true }) },
  } as unknown as Env;
  const services = new Services(env);
  await services.mailbox(new Uint8Array(32));
  services.registrarNamed('a');
  await services.filter.add(new Uint8Array(32));
  await services.filter.isAbsent(new Uint8Array(32), () => true);
  await services.health.failing();
  expect(seen).toEqual({ MAILBOX: ['eu'], REGISTRAR: ['eu'], SHARD: ['eu', 'eu', 'eu'] });
});
