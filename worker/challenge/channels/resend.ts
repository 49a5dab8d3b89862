// Resend's HTTP API. Checked against https://resend.com/docs/api-reference/emails/send-email and …/errors in November 2026:
// a key that is wrong is refused with 401 or 403.

import { type Channel, withKeys } from '../channel.ts';
import { type ProviderSettings, type Sender, writeSender } from '../configuration.ts';
import { writeEmail } from '../letter.ts';
import { post } from './http.ts';

export function resendChannel(from: Sender, { url, keys }: ProviderSettings): Channel {
  return {
    name: 'resend',
    kind: 'email',
    async send({ uid }, message, signal) {
      const body = JSON.stringify({ from: writeSender(from), to: [uid], ...(await writeEmail(message)) });
      await withKeys(keys, (key) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'user-agent': 'cliquet' };
        return post({ url: `${url}/emails`, headers, body, signal });
      });
    },
  };
}
