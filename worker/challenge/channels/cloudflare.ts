// Cloudflare's own `send_email` binding, on Workers. Checked against
// https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ in November 2026.

import { type Channel, DeliveryError } from '../channel.ts';
import type { EmailBinding, Sender } from '../configuration.ts';
import { writeEmail } from '../letter.ts';

export function cloudflareChannel(from: Sender, binding: EmailBinding): Channel {
  const sender = from.name === '' ? from.address : { name: from.name, email: from.address };
  return {
    name: 'cloudflare',
    kind: 'email',
    async send({ uid }, message) {
      const email = await writeEmail(message);
      await binding.send({ from: sender, to: uid, ...email }).catch(() => {
        // Its message may quote the address, and what its codes are is not settled yet.
        throw new DeliveryError('refused');
      });
    },
  };
}
