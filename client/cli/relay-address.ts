// The address of a relay, as a person writes it.

import { text } from './escape.ts';
import { usage } from './failure.ts';

/** @throws Failure unless it is the origin of a web server */
export function parseRelay(value: string): string {
  const isOrigin = /^https?:\/\/[^/\s?#@]+\/?$/i.test(value) && URL.canParse(value);
  if (!isOrigin) throw usage(text`'${value}' is no address of a relay; write it like https://relay.example.org`);
  return value;
}
