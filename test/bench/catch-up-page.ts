// Catching up inside a page, with a store in IndexedDB.

import { selectCurves } from '../../client/crypto/select-curves.ts';
import { indexedDbStore } from '../../client/store/indexeddb.ts';
import { catchUp, type Taken } from './catch-up.ts';

declare global {
  interface Window {
    catchUp(senders: number, count: number, repeats: number): Promise<{ curves: string; taken: readonly Taken[] }>;
  }
}

window.catchUp = async (senders, count, repeats) => {
  const curves = await selectCurves();
  const openStore = (time: number) => indexedDbStore(`from ${senders}, ${time}`);
  return { curves: curves.name, taken: await catchUp(curves, senders, count, repeats, openStore) };
};
