// Keeps the pages, so that they open without a network. It answers for the built files only: what goes to the relay is
// none of its business, and nothing that comes from there is kept. What it keeps is one build, byte for byte, or nothing.

/** Digests of the built files (digestOf), by path. */
declare const __FILES__: Readonly<Record<string, string>>;
declare const __VERSION__: string;

/** What a service worker has, as far as it is used here. */
interface Worker {
  addEventListener(
    type: 'install' | 'activate',
    run: (event: { waitUntil(done: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(type: 'message', run: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'fetch',
    run: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
  addEventListener(
    type: 'notificationclick',
    run: (event: { readonly notification: Notification; waitUntil(done: Promise<unknown>): void }) => void,
  ): void;
  skipWaiting(): Promise<void>;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { readonly type: 'window' }): Promise<readonly { focus(): Promise<unknown> }[]>;
    openWindow(url: string): Promise<unknown>;
  };
}

const worker = globalThis as unknown as Worker;
const prefix = 'cliquet ';
const cacheName = prefix + __VERSION__;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    keep().catch(async (error) => {
      await caches.delete(cacheName);
      throw error;
    }),
  );
});

/** @throws if a file does not come, or is not of this build: the relay may have another one by now */
async function keep(): Promise<void> {
  const cache = await caches.open(cacheName);
  const keepOne = async ([path, digest]: [path: string, digest: string]) => {
    const response = await fetch(path, { cache: 'no-cache', redirect: 'error' });
    if (!response.ok || (await digestOf(response.clone())) !== digest)
      throw new TypeError(`${path} is not of this build`);
    await cache.put(path, response);
  };
  await Promise.all(Object.entries(__FILES__).map(keepOne));
}

/** The beginning of its SHA-256 in base64: 132 bits. */
async function digestOf(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest))).slice(0, 22);
}

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
      }
      await worker.clients.claim();
    })(),
  );
});

// The person wants the new version at once.
worker.addEventListener('message', ({ data }) => {
  if (data === 'update') void worker.skipWaiting();
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const show = async () => {
    const [page] = await worker.clients.matchAll({ type: 'window' });
    await (page === undefined ? worker.clients.openWindow('/') : page.focus());
  };
  event.waitUntil(show());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || url.search !== '') return;
  if (!Object.hasOwn(__FILES__, url.pathname)) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}
