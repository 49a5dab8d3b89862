import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import app from '../../worker/index.ts';
import { Client } from '../support/request.ts';

const url = 'http://localhost';

/** The environment with a record of everything that is asked of it. */
function watched() {
  const asked: string[] = [];
  const watch = <T extends object>(name: string, binding: T, calls = false): T =>
    new Proxy(binding, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof key === 'symbol') return value;
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]) => {
          asked.push(`${name}.${key}`);
          const result: unknown = Reflect.apply(value, target, parameters);
          return calls && typeof result === 'object' && result !== null ? watch(`${name}()`, result) : result;
        };
      },
    });
  const bindings = {
    MAILBOX: watch('MAILBOX', env.MAILBOX, true),
    REGISTRAR: watch('REGISTRAR', env.REGISTRAR, true),
    SHARD: watch('SHARD', env.SHARD, true),
    FILTER: watch('FILTER', env.FILTER),
    STRANGERS: watch('STRANGERS', env.STRANGERS),
  };
  return { asked, environment: { ...env, ...bindings } };
}

test('POST /v1/registrations asks the same of the same objects, whether an address is registered or not', async () => {
  const { asked, environment } = watched();
  const request = async (input: Request) => app.request(input, {}, environment, createExecutionContext());
  const inbox = async (address: string) => {
    const response = await request(new Request(`${url}/dev/inbox?address=${encodeURIComponent(address)}`));
    return ((await response.json()) as { codes: { code: string }[] }).codes[0]?.code ?? '';
  };
  const relay = { url, fetch: request, inbox };
  const known = await Client.register(relay);
  const askedFor = async (uid: string) => {
    asked.length = 0;
    expect((await new Client(relay, uid).requestChallenge()).status).toBe(202);
    return [...asked];
  };
  const unknown = await askedFor(new Client(relay).uid);
  expect(unknown).toEqual(['STRANGERS.limit', 'REGISTRAR.getByName', 'REGISTRAR().begin']);
  expect(await askedFor(known.uid)).toEqual(unknown);
});
