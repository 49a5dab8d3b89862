// The same pages on a relay of one's own: two people talk within a minute.

import { expect, test, vi } from 'vitest';
import { foundGroup } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

test.each(['node', 'deno'] as const)('on %s', async (host) => {
  const world = await World.start({ host });
  try {
    const [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
    await foundGroup('Home', [ada, bob]);
    await ada.say('whose machine is this?');
    await bob.hears('whose machine is this?');
    await bob.say('mine');
    await ada.hears('mine');
    await world.relay.crash();
    await bob.say('and it is back');
    await ada.hears('and it is back');
    expect(await world.leave()).toEqual([]);
  } finally {
    await world.stop();
  }
});
