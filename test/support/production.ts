// What every deployment in production has: its bindings, and secrets. How codes are sent is left to each test.

import { env } from 'cloudflare:workers';

export const secret: string = 'A'.repeat(43);

export const production = {
  ...env,
  ENVIRONMENT: 'production',
  PEPPER: secret,
  FILTER_KEY: secret,
  TICKET_KEY: secret,
};
