// On a page whose server fails once when it is asked for a part that comes late: what was told, and then what was read.

import { CliquetError, memoryStore } from 'cliquet';
import { talk } from './talk.ts';

const relay = new URLSearchParams(location.search).get('relay') ?? '';
const talkOnce = () => talk(relay, [memoryStore(), memoryStore()]);
document.body.textContent = await talkOnce().catch(async (error: unknown) => {
  if (!(error instanceof CliquetError)) throw error;
  return `${error.code} ${error.retry} ${await talkOnce()}`;
});
