// A page that is loaded when it is first opened. Nobody waits for it in general: once an open client has settled, all of them
// are fetched, and the service worker has them too.

import { signal } from '@preact/signals';
import type { FunctionComponent, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { messages } from '../model/language.ts';
import { warn } from './toast.tsx';

const loads: (() => Promise<void>)[] = [];

/** Fetches all pages that were not opened yet. */
export async function loadAll(): Promise<void> {
  for (const load of loads) await load();
}

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): (props: P) => JSX.Element {
  const loaded = signal<{ readonly Page: FunctionComponent<P> } | null>(null);
  const start = async () => {
    if (loaded.value === null) loaded.value = { Page: await load() };
  };
  loads.push(start);
  return function Lazy(props: P): JSX.Element {
    const found = loaded.value;
    useEffect(() => {
      start().catch(() => warn(messages.value.errors.unreachable));
    }, []);
    return found === null ? <div aria-busy="true" /> : <found.Page {...props} />;
  };
}
