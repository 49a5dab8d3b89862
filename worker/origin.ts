// Which web pages may call the relay: its own origin, and those that the deployment allows.

import type { Settings } from './settings.ts';

/** True without an Origin header: it is not a browser, and what authorises it is the signature or the ticket. */
export function isAllowedOrigin(request: Request, { origins }: Settings): boolean {
  const origin = request.headers.get('origin');
  return origin === null || origin === new URL(request.url).origin || origins.includes(origin);
}
