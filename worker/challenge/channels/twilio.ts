// Text messages through Twilio's API. Checked against https://www.twilio.com/docs/messaging/api/message-resource and
// https://www.twilio.com/docs/usage/requests-to-twilio in November 2026: 201 is success, 401 a wrong account or token.

import { type Channel, withKeys } from '../channel.ts';
import type { TwilioSettings } from '../configuration.ts';
import { writeText } from '../letter.ts';
import { post } from './http.ts';

export function twilioChannel({ url, keys, account, from }: TwilioSettings): Channel {
  // A messaging service chooses the number by itself.
  const sender = /^MG[0-9a-f]{32}$/i.test(from) ? 'MessagingServiceSid' : 'From';
  return {
    name: 'twilio',
    kind: 'phone',
    async send({ uid }, message, signal) {
      const body = new URLSearchParams({ To: uid, [sender]: from, Body: writeText(message) }).toString();
      await withKeys(keys, (key) => {
        const headers = {
          authorization: `Basic ${btoa(`${account}:${key}`)}`,
          'content-type': 'application/x-www-form-urlencoded',
        };
        return post({ url: `${url}/2010-04-01/Accounts/${account}/Messages.json`, headers, body, signal });
      });
    },
  };
}
