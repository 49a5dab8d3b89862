// The data plane's answers and query parameters.

import type { Struct } from '../../client/wire/codec.ts';
import { mediaTypes } from '../../client/wire/routes.ts';
import { Refusal } from '../errors.ts';

export function cborResponse<T>(type: Struct<T>, value: T, status = 200): Response {
  const headers = { 'content-type': mediaTypes.cbor, 'cache-control': 'no-store' };
  return new Response(type.encode(value), { status, headers });
}

/** A number in a query, 0 if it is not there. @throws Refusal `malformed` */
export function numberParameter(text = '0'): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new Refusal('malformed', { detail: 'expected a number in the query' });
}
