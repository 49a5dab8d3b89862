// Telling events as they come. An event counts as taken only when the next one is asked for, so what could not be
// printed is told again.

import { type Client, type ClientEvent, CliquetError, type Group } from '../index.ts';
import type { Context } from './context.ts';
import { text } from './escape.ts';
import { eventLine } from './event-line.ts';
import { Failure, sentenceOf } from './failure.ts';
import { finalProblem, settle } from './session.ts';

const watchMs = 250;
/** Receipts wait a moment for more of them, to go out together. */
const receiptDelayMs = 300;
/** With `once`: no stored event takes longer than this to be read. */
const idleMs = 500;

export interface FollowOptions {
  /** Only this one is told of; null: all. */
  readonly group: Group | null;
  readonly json: boolean;
  readonly receipts: boolean;
  /** Ends when everything that is there has been told. */
  readonly once: boolean;
  readonly after?: number;
}

export async function follow(context: Context, client: Client, options: FollowOptions): Promise<void> {
  const { terminal } = context;
  const receipts = new Receipts();
  const events = client.events(options.after === undefined ? {} : { after: options.after });
  const lineProblem = watchLine(context, client);
  let elsewhere = 0;
  if (options.once) await settle(context, client, 30);
  try {
    for (;;) {
      const next = await Promise.race([events.next(), lineProblem.fatal, ...(options.once ? [idle()] : [])]);
      if (next === null || next.done) break;
      const event = next.value;
      if (isElsewhere(event, options.group)) elsewhere++;
      else {
        await tell(context, client, event, options);
        if (options.receipts && event.type === 'message' && event.asksReceipt) receipts.add(event.group, event.id);
      }
    }
  } finally {
    lineProblem.end();
  }
  await receipts.flush();
  if (options.once) await settle(context, client, 30);
  if (elsewhere > 0) await terminal.note(text`${elsewhere} more in other groups; type: cliquet history`);
}

async function tell({ terminal }: Context, client: Client, event: ClientEvent, options: FollowOptions): Promise<void> {
  if (options.json) return terminal.printJson(eventJson(event));
  const line = eventLine(client, event, { listened: options.group?.id ?? null, now: Math.floor(Date.now() / 1000) });
  if (line !== null) await terminal.print(line);
}

/** A message in another group that stays in that group's history; what would be lost is told all the same. */
const isElsewhere = (event: ClientEvent, group: Group | null) =>
  group !== null && event.type === 'message' && event.group.id !== group.id && event.group.historyPolicy !== 'none';

/** The event as JSON: groups by id and by name. */
function eventJson(event: ClientEvent): Record<string, unknown> {
  return 'group' in event ? { ...event, group: event.group.id, groupName: event.group.name } : { ...event };
}

const idle = () => new Promise<null>((resolve) => setTimeout(resolve, idleMs, null));

/** Says when the relay is lost and found again; what cannot get better ends the following. */
function watchLine({ terminal }: Context, client: Client): { fatal: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isLost = false;
  const fatal = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const final = finalProblem(client, CliquetError);
      if (client.connection === 'replaced') {
        reject(
          new Failure(text`Another program has connected as you, with a copy of this store; end it, then try again.`),
        );
      } else if (final !== null) reject(new CliquetError(final));
      else if (!isLost && client.problem !== null) {
        isLost = true;
        void terminal.note(text`${sentenceOf(new CliquetError(client.problem))} Trying again …`);
      }
      if (isLost && client.connection === 'online') {
        isLost = false;
        void terminal.note(text`Connected again.`);
      }
    }, watchMs);
  });
  fatal.catch(() => undefined);
  return { fatal, end: () => clearInterval(timer) };
}

/** Tells the authors that their messages were read. */
class Receipts {
  readonly #read = new Map<string, { readonly group: Group; readonly ids: string[] }>();
  #timer: NodeJS.Timeout | undefined;

  add(group: Group, id: string): void {
    const entry = this.#read.get(group.id) ?? { group, ids: [] };
    entry.ids.push(id);
    this.#read.set(group.id, entry);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), receiptDelayMs);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const all = [...this.#read.values()];
    this.#read.clear();
    // A group that cannot be written to any more takes no receipts either.
    for (const { group, ids } of all) await group.markRead(ids).catch(() => undefined);
  }
}
