// Objects of a deployment that lacks something.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

describe.each([
  ['Mailbox', env.MAILBOX],
  ['Registrar', env.REGISTRAR],
  ['Shard', env.SHARD],
] as const)('%s of a deployment that lacks a secret', (name, objects) => {
  test('does nothing, and keeps its alarm, which the platform would give up after some minutes', async () => {
    await runInDurableObject(objects.getByName('unconfigured'), async (_, ctx) => {
      // What an isolate has once found to be in order, it does not check again.
      vi.resetModules();
      const worker = await import('../../worker/index.ts');
      const object = new worker[name](ctx, { ...env, ENVIRONMENT: 'production' } as never);
      await object.alarm();
      expect(await ctx.storage.getAlarm()).toBeGreaterThan(Date.now());
      const asked = async () => {
        if ('has' in object) return object.has({ upper: 0, lower: 0 });
        return 'begin' in object
          ? object.countText('+41', new Uint8Array())
          : object.gone(new Uint8Array(), new Uint8Array());
      };
      await expect(asked()).rejects.toThrow(/^PEPPER must be 32 random bytes/);
    });
  });
});
