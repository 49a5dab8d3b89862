// The senders from whom the owner takes nothing: neither their messages, nor their claims of key packages.

import { type Bytes, bytesKey, concatBytes, splitBytes } from '../../client/wire/bytes.ts';
import { hashBytes } from '../../client/wire/limits.ts';
import type { Sql } from '../ports.ts';

export class RefusedSenders {
  readonly #sql: Sql;
  #keys: Set<string>;

  constructor(sql: Sql) {
    this.#sql = sql;
    const [row] = sql.query<{ senders: Bytes }>('select senders from refusal');
    this.#keys = new Set(row === undefined ? [] : splitBytes(row.senders, hashBytes).map(bytesKey));
  }

  has(sender: Bytes): boolean {
    return this.#keys.has(bytesKey(sender));
  }

  /** Within a transaction. */
  replace(senders: readonly Bytes[]): void {
    this.#sql.query('insert or replace into refusal (id, senders) values (0, ?)', concatBytes(...senders));
    this.#keys = new Set(senders.map(bytesKey));
  }
}
