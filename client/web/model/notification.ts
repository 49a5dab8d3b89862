// Notifications of the system, while nobody looks at the page: they name the group, and say nothing of what was said.

import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from './language.ts';
import { groupName } from './people.ts';
import type { Session } from './session.ts';

export function useNotifications(session: Session): void {
  useEffect(() => {
    const known = new Map<string, number>();
    return effect(() => {
      for (const group of session.groups) {
        const { newest } = session.head(group.id);
        const number = newest?.number ?? -1;
        const before = known.get(group.id);
        known.set(group.id, number);
        if (before !== undefined && number > before && newest?.isSelf === false)
          show(group.id, groupName(session, group));
      }
    });
  }, [session]);
}

function show(tag: string, title: string): void {
  if (document.visibilityState === 'visible' || !('Notification' in globalThis)) return;
  if (Notification.permission !== 'granted') return;
  const options = { tag, body: messages.value.settings.notification };
  // Phones have them through the service worker only.
  void navigator.serviceWorker?.getRegistration().then((worker) => worker?.showNotification(title, options));
}
