// Which link a client has to its relay.

import { openPolling } from './polling.ts';
import type { OpenLink } from './relay.ts';
import { openStream } from './stream.ts';

const pollingIntervalMs = 2000;

/** @param transport  a stream if not said, and if the platform has sockets */
export const linkBy = (transport: 'stream' | 'polling' | undefined): OpenLink =>
  transport === 'polling' || typeof WebSocket === 'undefined' ? openPolling(pollingIntervalMs) : openStream;
