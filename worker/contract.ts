// What a route takes and answers, said where the route is: for who reads it, and for openapi.ts, which makes
// docs/openapi.json of it. The tests compare that with what the relay does.

import type { MiddlewareHandler } from 'hono';
import type { GenericSchema } from 'valibot';
import type { Struct } from '../client/wire/codec.ts';
import type { App, Body } from './admission.ts';
import type { ProblemCode } from './errors.ts';

export interface Contract {
  /** What it does, in a sentence. */
  readonly summary: string;
  /**
   * `registered`: signs, and is registered. `registering`: signs. `ticket`: opens a WebSocket with a ticket. `operator`: may
   * show a token. Of each of them, and of each body, come refusals that need not be said again.
   */
  readonly caller: 'anybody' | 'registering' | 'registered' | 'ticket' | 'operator';
  /** What may stand in its query. */
  readonly query?: readonly Parameter[];
  readonly takes?: Takes;
  /** By status. */
  readonly answers: Readonly<Record<number, Content>>;
  /** Codes of its own. */
  readonly refuses?: readonly ProblemCode[];
}

export type Parameter = 'address' | 'after' | 'epoch';

interface Takes extends Body {
  readonly content: Schema;
}

/** CBOR as a struct has it, or JSON. */
export type Schema = Struct<unknown> | GenericSchema;

/** Null: no body. A text: the media type of a file. */
type Content = Schema | string | null | readonly (Schema | string)[];

/** Stands before the handler of a route, does nothing, and says what the route is. */
export type Described = MiddlewareHandler<App> & { readonly contract: Contract };

export function described(contract: Contract): Described {
  const passOn: MiddlewareHandler<App> = (_, next) => next();
  return Object.assign(passOn, { contract });
}
