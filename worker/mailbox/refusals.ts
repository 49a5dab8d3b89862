// The senders from whom the owner takes nothing: neither their messages, nor their claims of key packages.

import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import type { Sql } from '../ports.ts';

export class RefusedSenders {
  readonly #sql: Sql;
  #keys: Set<string>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#keys = new Set(
      sql.query<{ sender: Bytes }>('select sender from refusal').map(({ sender }) => bytesKey(sender)),
    );
  }

  has(sender: Bytes): boolean {
    return this.#keys.has(bytesKey(sender));
  }

  /** Within a transaction. Writes what differs, no more. */
  replace(senders: readonly Bytes[]): void {
    const wanted = new Map(senders.map((sender) => [bytesKey(sender), sender]));
    for (const { sender } of this.#sql.query<{ sender: Bytes }>('select sender from refusal')) {
      if (!wanted.delete(bytesKey(sender))) this.#sql.query('delete from refusal where sender = ?', sender);
    }
    for (const sender of wanted.values()) this.#sql.query('insert into refusal (sender) values (?)', sender);
    this.#keys = new Set(senders.map(bytesKey));
  }
}
