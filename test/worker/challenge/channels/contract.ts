// What every channel keeps to, each with the other side that it talks to.

import { afterEach, describe, expect, test } from 'vitest';
import { type Address, parseAddress } from '../../../../client/wire/address.ts';
import { type Channel, DeliveryError, type Message } from '../../../../worker/challenge/channel.ts';

/** What the other side does with what it gets. */
export type Temper =
  | 'takes'
  | 'refuses'
  | 'refuses keys'
  | 'knows the previous key'
  | 'fails'
  | 'is silent'
  | 'is gone';

export interface OtherSide {
  readonly channel: Channel;
  /** What has come: to whom, and its text. */
  received(): readonly { readonly to: readonly string[]; readonly text: string }[];
  /** The keys that it was shown, in order. */
  keys(): readonly string[];
  /** Settles when something waits for an answer that will never come. */
  readonly waiting: Promise<void>;
  /** Settles when nobody waits for it any more. */
  released(): Promise<void>;
  stop(): Promise<void>;
}

export const [key, previousKey] = ['new key', 'previous key'] as const;
export const message: Message = { code: '012345', language: 'en', host: 'relay.example.org', minutes: 10 };
const addresses = { email: parseAddress("o'brien+x=1@example.org"), phone: parseAddress('+41791234567') };

export function contract(name: string, start: (temper: Temper) => Promise<OtherSide>): void {
  describe(`${name} channel`, () => {
    const running: OtherSide[] = [];
    afterEach(async () => {
      for (const side of running.splice(0)) await side.stop();
    });
    const set = async (temper: Temper) => {
      const side = await start(temper);
      running.push(side);
      const controller = new AbortController();
      const address: Address = addresses[side.channel.kind];
      const send = (what = message) => side.channel.send(address, what, controller.signal);
      return { side, address, controller, send };
    };
    const problem = async (sending: Promise<void>) => {
      const error: unknown = await sending.then(
        () => null,
        (reason: unknown) => reason,
      );
      if (!(error instanceof DeliveryError)) throw new Error('expected a DeliveryError', { cause: error });
      // Neither the address nor the code, whatever the other side has quoted.
      expect(`${error.message} ${error.stack}`).not.toMatch(/brien|7912345|012345/);
      return error.problem;
    };

    test('hands the code over, once and to that address', async () => {
      const { side, address, send } = await set('takes');
      await send();
      expect(side.received()).toEqual([{ to: [address.uid], text: expect.stringContaining('012345') }]);
      expect(side.received()[0]?.text.trimEnd()).toMatch(/\n\n@relay\.example\.org #012345$/);
      expect(new Set(side.keys())).toEqual(new Set([key]));
    });

    test('speaks the language of the client', async () => {
      const { side, send } = await set('takes');
      await send({ ...message, language: 'fr' });
      expect(side.received()[0]?.text).toContain('est votre code');
    });

    test('takes several letters at once', async () => {
      const { side, send } = await set('takes');
      const codes = ['111111', '222222', '333333'];
      await Promise.all(codes.map((code) => send({ ...message, code })));
      const text = side.received().map((each) => each.text);
      for (const code of codes) expect(text.filter((each) => each.includes(code))).toHaveLength(1);
    });

    test('says when a letter was refused', async () => {
      const { send } = await set('refuses');
      expect(await problem(send())).toBe('refused');
    });

    test('tries the previous key where the new one is refused', async () => {
      const { side, send } = await set('knows the previous key');
      await send();
      expect([...new Set(side.keys())]).toEqual([key, previousKey]);
      expect(side.received()).toHaveLength(1);
    });

    test('says when all keys were refused', async () => {
      const { side, send } = await set('refuses keys');
      expect(await problem(send())).toBe('unauthorised');
      expect([...new Set(side.keys())]).toEqual([key, previousKey]);
    });

    test('tries a key once where it is something else that fails', async () => {
      const { side, send } = await set('fails');
      expect(await problem(send())).toBe('unreachable');
      expect(side.keys().includes(previousKey)).toBe(false);
    });

    test('says when nobody is there', async () => {
      const { send } = await set('is gone');
      expect(await problem(send())).toBe('unreachable');
    });

    test('lets go of a side that is silent when nobody waits any more', async () => {
      const { side, controller, send } = await set('is silent');
      const sending = problem(send());
      await side.waiting;
      controller.abort();
      expect(await sending).toBe('too-slow');
      await side.released();
    });
  });
}
