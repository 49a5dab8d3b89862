import { describe, expect, test } from 'vitest';
import { Delivery } from '../../../worker/challenge/delivery.ts';
import { Registrar } from '../../../worker/challenge/registrar.ts';
import { day, maxTextsOfNetwork } from '../../../worker/limits.ts';
import { Mac } from '../../../worker/names.ts';
import { TestHost } from '../../support/host.ts';
import { problemOf } from '../../support/town.ts';

const limits = { prefixes: ['+33', '+41'], perDay: 5, perPrefixAndDay: 3 };
const [home, away] = [Uint8Array.of(1), Uint8Array.of(2)];

function setUp(texts: typeof limits | null = limits) {
  const host = new TestHost();
  const surroundings = { channels: [], texts: null, countText: async () => undefined, count: () => undefined };
  const registrar = new Registrar(host, {
    delivery: new Delivery(surroundings),
    mac: new Mac(new Uint8Array(32)),
    limits: { lifetimeMs: 1, resendMs: 1, limitSends: true },
    texts,
  });
  const isCounted = async (prefix: string, network = home) => 'value' in (await registrar.countText(prefix, network));
  const counted = async (count: number, prefix: string, network = home) => {
    const answers: boolean[] = [];
    for (let i = 0; i < count; i++) answers.push(await isCounted(prefix, network));
    return answers.filter(Boolean).length;
  };
  return { host, registrar, isCounted, counted };
}

describe('Registrar.countText()', () => {
  test('counts for each prefix, and in all', async () => {
    const { counted } = setUp();
    expect(await counted(10, '+33')).toBe(limits.perPrefixAndDay);
    expect(await counted(10, '+41')).toBe(limits.perDay - limits.perPrefixAndDay);
    expect(await counted(10, '+33', away)).toBe(0);
  });

  test('counts for each network', async () => {
    const { counted } = setUp({ ...limits, perDay: 1000, perPrefixAndDay: 1000 });
    expect(await counted(maxTextsOfNetwork + 5, '+33')).toBe(maxTextsOfNetwork);
    expect(await counted(1, '+33', away)).toBe(1);
  });

  test('counts what is asked for at once', async () => {
    const { registrar } = setUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => registrar.countText('+33', home)));
    expect(answers.filter((answer) => 'value' in answer)).toHaveLength(limits.perPrefixAndDay);
  });

  test('says when the next day begins, and counts from nothing then', async () => {
    const { host, registrar, counted } = setUp();
    await counted(10, '+33');
    const tomorrow = (Math.floor(host.now() / day) + 1) * day;
    expect(problemOf(await registrar.countText('+33', home))).toEqual({
      code: 'challenge-undeliverable',
      retryAfter: Math.ceil((tomorrow - host.now()) / 1000),
    });
    // Also where the alarm is late.
    host.clock.time = tomorrow;
    expect(await counted(10, '+33')).toBe(limits.perPrefixAndDay);
    expect(host.sql.query('select distinct day from text_message')).toEqual([{ day: tomorrow / day }]);
  });

  test('a refusal counts nothing', async () => {
    const { host, counted } = setUp();
    await counted(20, '+33');
    const rows = host.sql.query<{ count: number }>('select count from text_message order by count');
    expect(rows.map(({ count }) => count)).toEqual([3, 3, 3]);
  });

  test('is forgotten with its day, and not before', async () => {
    const { host, registrar, counted } = setUp();
    await counted(2, '+33');
    await registrar.alarm();
    expect(await counted(5, '+33')).toBe(1);
    expect(host.alarmsSet).toBeLessThanOrEqual(2);
    expect(host.reachAlarm()).toBe(true);
    await registrar.alarm();
    expect(host.tables()).toEqual([]);
    expect(host.reachAlarm()).toBe(false);
  });

  test('is refused where no text messages are sent', async () => {
    const { host, registrar } = setUp(null);
    expect(problemOf(await registrar.countText('+33', home))).toEqual({ code: 'channel-unavailable' });
    expect(host.tables()).toEqual([]);
  });
});
