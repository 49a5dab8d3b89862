// Postmark's HTTP API. Checked against https://postmarkapp.com/developer/api/email-api and …/overview in November 2026:
// 200 is success, 401 a wrong token, 422 a letter that is refused. Its tracking stays off.

import { type Channel, withKeys } from '../channel.ts';
import { type ProviderSettings, type Sender, writeSender } from '../configuration.ts';
import { writeEmail } from '../letter.ts';
import { post } from './http.ts';

export function postmarkChannel(from: Sender, { url, keys }: ProviderSettings): Channel {
  return {
    name: 'postmark',
    kind: 'email',
    async send({ uid }, message, signal) {
      const { subject, text, html } = await writeEmail(message);
      const body = JSON.stringify({
        From: writeSender(from),
        To: uid,
        Subject: subject,
        TextBody: text,
        HtmlBody: html,
        MessageStream: 'outbound',
        TrackOpens: false,
        TrackLinks: 'None',
      });
      await withKeys(keys, (key) => {
        const headers = {
          accept: 'application/json',
          'content-type': 'application/json',
          'x-postmark-server-token': key,
        };
        return post({ url: `${url}/email`, headers, body, signal });
      });
    },
  };
}
