// Tasks in a page: whoever drives the browser hands them to `window.live`.

import { indexedDbStore } from '../../client/store/indexeddb.ts';
import { indexedDbAdapters } from '../client/store/indexeddb-adapters.ts';
import { live, type Reports, type Task } from './life.ts';

declare global {
  interface Window {
    live(task: Task): Promise<Reports[Task['task']]>;
  }
}

window.live = (task) =>
  live(task, {
    version: /Chrome\/(\d+)/.exec(navigator.userAgent)?.[1] ?? null,
    adapters: indexedDbAdapters,
    lasting: 'indexedDbStore()',
    openStore: () => indexedDbStore('ada'),
  });
