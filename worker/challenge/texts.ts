// How many text messages a deployment has sent today (UTC), in one object for all of it: to each allowed prefix, for each
// network, and in all. What was counted stays counted, also if the message could not be sent: it may have been.

import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { Refusal } from '../errors.ts';
import { day, maxTextsOfNetwork } from '../limits.ts';
import type { Host } from '../ports.ts';
import type { TextLimits } from './configuration.ts';

export class TextCounter {
  readonly #host: Host;
  readonly #limits: TextLimits | null;

  constructor(host: Host, limits: TextLimits | null) {
    this.#host = host;
    this.#limits = limits;
  }

  /**
   * Counts one more.
   * @param prefix   one that is allowed
   * @param network  a keyed hash of the network that asks
   * @throws Refusal `challenge-undeliverable` if the day's are sent
   */
  count(prefix: string, network: Bytes): void {
    if (this.#limits === null) throw new Refusal('channel-unavailable');
    const { perDay, perPrefixAndDay } = this.#limits;
    const counted = [
      { key: encodeUtf8('all'), most: perDay },
      { key: encodeUtf8(prefix), most: perPrefixAndDay },
      { key: network, most: maxTextsOfNetwork },
    ];
    const { sql, alarm } = this.#host;
    const now = this.#host.now();
    const today = Math.floor(now / day);
    const tomorrow = (today + 1) * day;
    sql.transaction(() => {
      sql.query(
        `create table if not exists text_message (
           day integer, key blob, count integer not null, primary key (day, key)) without rowid`,
      );
      sql.query('delete from text_message where day <> ?', today);
      for (const { key, most } of counted) {
        const [row] = sql.query<{ count: number }>(
          `insert into text_message (day, key, count) values (?, ?, 1)
           on conflict do update set count = count + 1 returning count`,
          today,
          key,
        );
        if (row === undefined || row.count <= most) continue;
        throw new Refusal('challenge-undeliverable', { retryAfter: Math.ceil((tomorrow - now) / 1000) });
      }
    });
    if (alarm.due !== tomorrow) alarm.set(tomorrow);
  }

  /** Forgets the day once it is over. @returns whether this object counts text messages */
  async forget(): Promise<boolean> {
    const { sql } = this.#host;
    const table = sql.query(`select 1 from sqlite_master where type = 'table' and name = 'text_message'`);
    if (table.length === 0) return false;
    const [row] = sql.query<{ day: number | null }>('select max(day) as day from text_message');
    const over = ((row?.day ?? 0) + 1) * day;
    if (over > this.#host.now()) this.#host.alarm.set(over);
    else await this.#host.deleteAll();
    return true;
  }
}
