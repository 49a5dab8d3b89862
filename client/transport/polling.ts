// A link without a socket, where a network lets only plain requests through: the queue is asked for again and again.

import { CliquetError } from '../wire/errors.ts';
import type { Ack } from '../wire/queue.ts';
import type { Link, LinkListener, OpenLink } from './relay.ts';

/** @param intervalMs  between two looks at an empty queue */
export function openPolling(intervalMs: number): OpenLink {
  return async (relay, as, listener) => {
    const first = await relay.readQueue(as, null);
    let open = true;
    let wake: () => void = () => {};

    const end = (...why: Parameters<LinkListener['closed']>) => {
      if (!open) return;
      open = false;
      wake();
      listener.closed(...why);
    };

    async function poll(): Promise<void> {
      let cursor: Ack = { epoch: first.hello.epoch, seq: first.hello.acked };
      let page = first;
      while (open) {
        for (const entry of page.entries) {
          listener.entry(entry);
          cursor = { epoch: cursor.epoch, seq: entry.seq };
        }
        if (page.entries.length === 0 || cursor.seq >= page.hello.last) {
          listener.drained();
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, intervalMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        if (open) page = await relay.readQueue(as, cursor);
      }
    }
    // The caller has the link in its hands before its listener hears anything.
    setTimeout(() => {
      listener.hello(first.hello);
      poll().catch((error: unknown) => end('lost', error instanceof CliquetError ? error : undefined));
    });

    const link: Link = {
      window: 1, // requests may overtake each other
      send: (send) => relay.send(as, send),
      acknowledge: (ack) => relay.acknowledge(as, ack),
      close: () => end('closed'),
    };
    return link;
  };
}
