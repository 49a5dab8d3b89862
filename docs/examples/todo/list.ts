// What the messages of the list say, and how the list follows from them. Each message carries edits. They may come in any
// order, and more than once: so the list is not kept anywhere, but made of the group's history whenever it is shown.

import { type Group, type MessageContent, newMessageId, numberKey } from 'cliquet';

/** What the list's messages are called: a domain of your own, backwards. */
const kind = 'org.example.todo';
const version = 1;
/** Edits of one message: 64 KiB, whatever the script that items are written in. */
const maxEdits = 50;

/** A field of an item as somebody has set it. `at` is greater than that of every edit that its author had seen. */
export interface Edit {
  readonly item: string;
  readonly field: 'text' | 'done' | 'removed';
  readonly value: string | boolean;
  readonly at: number;
}

/** Of two edits of a field the later one counts; of two at the same time the greater value: for everybody the same one. */
export class List {
  readonly #edits = new Map<string, Edit>();
  #latest = 0;

  take(edits: readonly Edit[]): void {
    for (const edit of edits) {
      const place = `${edit.item}/${edit.field}`;
      const known = this.#edits.get(place);
      if (known === undefined || isAfter(edit, known)) this.#edits.set(place, edit);
      this.#latest = Math.max(this.#latest, edit.at);
    }
  }

  add(text: string): Edit {
    // Ids sort by when they were made.
    return this.set(`${numberKey(this.#latest + 1)}-${newMessageId()}`, 'text', text);
  }

  set(item: string, field: Edit['field'], value: Edit['value']): Edit {
    return { item, field, value, at: this.#latest + 1 };
  }

  get edits(): readonly Edit[] {
    return [...this.#edits.values()];
  }

  get items(): { readonly id: string; readonly text: string; readonly isDone: boolean }[] {
    const value = (id: string, field: Edit['field']) => this.#edits.get(`${id}/${field}`)?.value;
    const shown = this.edits.filter(({ item, field }) => field === 'text' && value(item, 'removed') !== true);
    return shown
      .map(({ item, value: text }) => ({ id: item, text: String(text), isDone: value(item, 'done') === true }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function isAfter(a: Edit, b: Edit): boolean {
  return a.at > b.at || (a.at === b.at && String(a.value) > String(b.value));
}

/** Of what somebody has sent whatever is an edit: they may have another version of this page. */
export function editsIn(content: MessageContent | null): Edit[] {
  if (content?.type !== 'extension' || content.kind !== kind || content.version !== version) return [];
  try {
    const edits: unknown = JSON.parse(new TextDecoder().decode(content.data));
    return Array.isArray(edits) ? edits.filter(isEdit) : [];
  } catch {
    return [];
  }
}

function isEdit(given: unknown): given is Edit {
  if (typeof given !== 'object' || given === null) return false;
  const { item, field, value, at } = given as Partial<Record<keyof Edit, unknown>>;
  if (typeof item !== 'string' || !Number.isSafeInteger(at)) return false;
  return field === 'text'
    ? typeof value === 'string'
    : (field === 'done' || field === 'removed') && typeof value === 'boolean';
}

export async function send(group: Group, edits: readonly Edit[]): Promise<void> {
  for (let i = 0; i < edits.length; i += maxEdits) {
    const data = new TextEncoder().encode(JSON.stringify(edits.slice(i, i + maxEdits)));
    await group.send({ kind, version, data });
  }
}
