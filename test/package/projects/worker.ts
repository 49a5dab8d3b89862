// A Worker of one's own: `/?relay=URL` answers with what was read.

import { memoryStore } from 'cliquet';
import { talk } from './talk.ts';

export default {
  async fetch(request: Request): Promise<Response> {
    const relay = new URL(request.url).searchParams.get('relay');
    return new Response(relay === null ? 'Which relay?' : await talk(relay, [memoryStore(), memoryStore()]));
  },
};
