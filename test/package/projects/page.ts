// In a browser, with one of the two in IndexedDB: `?relay=URL`. What was read stands on the page then.

import { encryptedStore, memoryStore } from 'cliquet';
import { indexedDbStore } from 'cliquet/indexeddb';
import { talk } from './talk.ts';

const relay = new URLSearchParams(location.search).get('relay') ?? '';
const store = await encryptedStore(await indexedDbStore('ada'), 'a good passphrase');
document.body.textContent = await talk(relay, [store, memoryStore()]);
