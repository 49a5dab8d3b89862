// On a page: what was read, or what was told instead, if a part of the library has not come.

import { CliquetError, memoryStore } from 'cliquet';
import { talk } from './talk.ts';

const relay = new URLSearchParams(location.search).get('relay') ?? '';
document.body.textContent = await talk(relay, [memoryStore(), memoryStore()]).catch((error: unknown) => {
  if (!(error instanceof CliquetError)) throw error;
  return `${error.code} ${error.retry}`;
});
