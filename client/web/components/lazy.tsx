// A page that is loaded when it is first opened. Nobody waits for it in general: an open client fetches all of them, and the
// service worker has them too.

import { signal } from '@preact/signals';
import type { FunctionComponent, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { gateMessages } from '../model/language.ts';
import { warn } from './toast.tsx';

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): (props: P) => JSX.Element {
  const loaded = signal<{ readonly Page: FunctionComponent<P> } | null>(null);
  const start = async () => {
    if (loaded.value === null) loaded.value = { Page: await load() };
  };
  return function Lazy(props: P): JSX.Element {
    const found = loaded.value;
    useEffect(() => {
      start().catch(() => warn(gateMessages.value.common.notLoaded));
    }, []);
    return found === null ? <Loading /> : <found.Page {...props} />;
  };
}

const Loading = (): JSX.Element => (
  <div aria-busy="true">
    <h1 class="unseen">{gateMessages.value.common.loading}</h1>
  </div>
);
