// The service worker: registered once, and asked to give way to a newer one when the person says so. And the browser's
// offer to install the pages.

import { type ReadonlySignal, signal } from '@preact/signals';

const path = '/service-worker.js';

/** What browsers with Trusted Types have, as far as it is used here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

declare global {
  interface Window {
    readonly trustedTypes?: TrustedTypes;
  }
  interface WindowEventMap {
    beforeinstallprompt: Event & { prompt(): Promise<unknown> };
  }
}

const waiting = signal<(() => void) | null>(null);
const installable = signal<(() => Promise<void>) | null>(null);

/** Puts newer pages in the place of these, if there are any. */
export const update: ReadonlySignal<(() => void) | null> = waiting;

/** Installs the pages as an app, if the browser offers that. */
export const install: ReadonlySignal<(() => Promise<void>) | null> = installable;

/** The only script that is loaded by its address: anything else is refused. */
function scriptUrl(): string {
  const rules = {
    createScriptURL: (url: string) => {
      if (url !== path) throw new TypeError('no other script is loaded by its address');
      return url;
    },
  };
  return window.trustedTypes?.createPolicy('cliquet', rules).createScriptURL(path) ?? path;
}

export async function startWorker(): Promise<void> {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    installable.value = async () => {
      installable.value = null;
      await event.prompt();
    };
  });
  if (!('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(scriptUrl());
    const look = () => {
      // The first one has nobody to give way to.
      if (registration.waiting === null || navigator.serviceWorker.controller === null) return;
      const next = registration.waiting;
      waiting.value = () => {
        navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
        next.postMessage('update');
      };
    };
    look();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
  } catch {
    // Without it the pages work, but only with a network.
  }
}
