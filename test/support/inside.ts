// The relay as tests inside workerd reach it: without a network.

import { exports } from 'cloudflare:workers';
import type { Relay } from './request.ts';

const url = 'http://127.0.0.1';

export const inside: Relay = {
  url,
  fetch: (request) => exports.default.fetch(request),
  inbox: async (address) => {
    const response = await exports.default.fetch(`${url}/dev/inbox?address=${encodeURIComponent(address)}`);
    const { codes } = await response.json<{ codes: { code: string }[] }>();
    return codes[0]?.code ?? '';
  },
};
