import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import type { Person } from '../../support/group.ts';
import { Inbox, world } from '../../support/inbox.ts';

describe('receiveEntry()', () => {
  it('tells of what it cannot open and goes on; what it knows already it does not tell', async () => {
    const { founding, say, take } = await world('refused');
    const inbox = await Inbox.start(founding, 1, [0]);
    const [founder, , third] = founding.people as [Person, Person, Person];
    await inbox.receive(founder.hrid, new Uint8Array(), new Uint8Array([1, 2, 3]));
    await inbox.receive(third.hrid, founding.headers[1] as Bytes, founding.body); // not who wrote it
    await inbox.receive(founder.hrid, founding.headers[2] as Bytes, founding.body); // another's header
    expect(inbox.told).toEqual(['malformed', 'agreement-invalid', 'package-gone']);
    await inbox.join(founding);
    const said = await say(0, 'hello');
    await inbox.receive(said.from, new Uint8Array(48), said.body);
    await inbox.receive(new Uint8Array(32), said.header(1), said.body);
    await inbox.receive(third.hrid, said.header(1), said.body);
    await take(inbox, said);
    await take(inbox, said);
    expect(inbox.told.slice(3)).toEqual(['joined', 'message-refused', 'message-refused', 'message-refused', 'hello']);
  });

  it('tells once that this store was rolled back, however many messages show it', async () => {
    const { founding, say, hear, take } = await world('rolled back');
    const inbox = await Inbox.start(founding, 1, [0]);
    await inbox.join(founding);
    const own = await say(1, 'from a newer copy');
    await hear(0, own);
    for (const text of ['one', 'two']) await take(inbox, await say(0, text));
    expect(inbox.told).toEqual(['joined', 'rolled-back']);
  });
});
