// PUT /v1/refusals: the senders whose messages the caller's mailbox does not take. Replaces the earlier list.

import { bytes, list, struct, type ValueOf } from './codec.ts';
import { hashBytes, maxRefusals } from './limits.ts';

export const Refusals = struct('refusals', { senders: list(bytes(hashBytes), maxRefusals) });
export type Refusals = ValueOf<typeof Refusals>;
