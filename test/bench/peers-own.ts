// Cliquet as one of the libraries that are compared: a group in which everybody has sent, and whose mailboxes are in use, as
// small numbers take fewer bytes.

import type { Bytes } from '../../client/wire/bytes.ts';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { messageTtlSeconds } from '../../client/wire/limits.ts';
import { at } from '../support/chat.ts';
import { deliver, type Founding, foundTestGroup, openedTexts, sealText } from '../support/group.ts';
import { openNext } from '../support/next-group.ts';
import { seededRandom } from '../support/random.ts';
import type { Peer, PeerGroup, Sealed, Weight } from './peer.ts';

export const cliquet: Peer = { name: 'Cliquet', heals: true, setup };

const usedNumber = 1000;
const random = seededRandom('bench');
/** Who sends, and who else is looked at. */
const [sender, receiver] = [0, 1];

/** Sender and receiver have heard everybody; the others serve for that only. */
async function setup(members: number): Promise<PeerGroup> {
  const group = await foundTestGroup(random, members);
  const ratchets = [...group.ratchets];
  const say = async (from: number, text: string, to: readonly number[]): Promise<Sealed & { texts: string[] }> => {
    const { ratchet, body, headers } = await sealText(random, at(group.people, from), at(ratchets, from), text);
    ratchets[from] = ratchet;
    const texts: string[] = [];
    for (const recipient of to.filter((each) => each !== from)) {
      const received = await deliver(at(ratchets, recipient), from, at(headers, recipient), body);
      ratchets[recipient] = received.ratchet;
      texts.push(...openedTexts(received));
    }
    const parts = [at(headers, receiver), body];
    // Weighed by who wants to know: it is no part of sealing.
    const weight = () => weigh(group, from, body, headers);
    return {
      get uploaded() {
        return weight().uploaded;
      },
      get downloaded() {
        return weight().downloaded;
      },
      parts,
      texts,
    };
  };
  for (const from of group.people.keys()) await say(from, 'here', [sender, receiver]);
  return {
    send: (text) => say(sender, text, []),
    async receive({ parts: [header, body] }) {
      const received = await deliver(at(ratchets, receiver), sender, header as Bytes, body as Bytes);
      ratchets[receiver] = received.ratchet;
      return openedTexts(received).join();
    },
    async answer() {
      await say(receiver, 'yes', [sender]);
    },
    async rekey() {
      const { body, headers } = await openNext(random, { ...group, ratchets }, sender);
      return weigh(group, sender, body, headers);
    },
  };
}

function weigh({ people }: Founding, from: number, body: Bytes, headers: readonly Bytes[]): Weight {
  const to = people.map(({ hrid }, position) => ({ hrid, header: at(headers, position) }));
  const send = { n: usedNumber, to: to.filter((_, i) => i !== from), body, ttlSeconds: messageTtlSeconds };
  const { hrid } = at(people, from);
  const entry = { type: 'message', seq: usedNumber, from: hrid, header: at(headers, receiver), body } as const;
  return {
    uploaded: ClientFrame.encode({ type: 'send', send }).length,
    downloaded: ServerFrame.encode({ type: 'entry', entry }).length,
  };
}
