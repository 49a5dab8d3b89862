// The only logger. Its fields are a closed list: no address, HRID, object name, body or foreign text can be logged,
// because there is no field for it.

import type { ChannelName } from './challenge/channel.ts';

export interface LogFields {
  /** The pattern of a route, never a URL. */
  readonly route?: string;
  readonly method?: string;
  readonly status?: number;
  readonly milliseconds?: number;
  readonly count?: number;
  /** What a code was to be sent with. */
  readonly channel?: ChannelName;
  /** The class of an unexpected error, not its message: messages may quote what they choked on. */
  readonly error?: string;
}

export type LogEvent =
  | 'request'
  | 'failure'
  | 'accepted'
  | 'delivered'
  | 'acknowledged'
  | 'lane-failed'
  | 'report-failed'
  | 'challenge-failed'
  | 'filter-unavailable';

export function log(event: LogEvent, fields: LogFields = {}): void {
  console.log(JSON.stringify({ event, ...fields }));
}
