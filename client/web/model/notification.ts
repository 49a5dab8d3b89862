// Notifications of the system, while nobody looks at the page: they name the group, and say nothing of what was said. They go
// when the store is closed.

import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from './language.ts';
import { groupName } from './people.ts';
import type { Session } from './session.ts';

export function useNotifications(session: Session): void {
  useEffect(() => {
    const known = new Map<string, number>();
    let isFirst = true;
    const end = effect(() => {
      for (const group of session.groups) {
        const { newest } = session.head(group.id);
        const number = newest?.number ?? -1;
        const before = known.get(group.id);
        known.set(group.id, number);
        const isNews = before === undefined ? group.status === 'invited' : number > before && newest?.isSelf === false;
        if (isNews && !isFirst) show(group.id, groupName(session, group));
      }
      isFirst = false;
    });
    return () => {
      end();
      void putAway();
    };
  }, [session]);
}

function show(tag: string, title: string): void {
  if (document.visibilityState === 'visible' || !('Notification' in globalThis)) return;
  if (Notification.permission !== 'granted') return;
  const options = { tag, body: messages.value.settings.notification };
  // Phones have them through the service worker only.
  void navigator.serviceWorker?.getRegistration().then((worker) => worker?.showNotification(title, options));
}

async function putAway(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const notification of (await registration?.getNotifications()) ?? []) notification.close();
}
