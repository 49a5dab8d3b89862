// SMTP (RFC 5321) with TLS, from the start or by STARTTLS, and with a password. Without TLS nothing is sent, unless the server
// is on this machine and configuration says so (`?tls=none`).

import { encodeBase64, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { type Channel, DeliveryError, withKeys } from '../channel.ts';
import type { Sender, SmtpSettings } from '../configuration.ts';
import { writeEmail } from '../letter.ts';
import { formatMail } from './mail.ts';
import { SmtpLine } from './smtp-line.ts';

export function smtpChannel(from: Sender, settings: SmtpSettings): Channel {
  return {
    name: 'smtp',
    kind: 'email',
    async send({ uid }, message, signal) {
      // The normal form has none of these: whatever comes here, it stays one address and one line.
      if (/[\s\p{Cc}<>,]/u.test(uid)) throw new DeliveryError('refused');
      const mail = formatMail(from, uid, await writeEmail(message), new Date(), crypto.randomUUID());
      await withKeys(settings.keys, async (password) => {
        try {
          await submit(settings, password, { from: from.address, to: uid, mail }, signal);
        } catch (error) {
          throw signal.aborted ? new DeliveryError('too-slow') : error;
        }
      });
    },
  };
}

interface Submission {
  readonly from: string;
  readonly to: string;
  /** Lines end with CR and LF. */
  readonly mail: string;
}

async function submit(
  settings: SmtpSettings,
  password: string,
  { from, to, mail }: Submission,
  signal: AbortSignal,
): Promise<void> {
  const line = await SmtpLine.open(settings, signal);
  try {
    await line.reply(2, 'unreachable');
    const hello = () => line.ask(`EHLO ${from.slice(from.lastIndexOf('@') + 1)}`, 2, 'unreachable');
    let offers = await hello();
    if (settings.tls === 'starttls') {
      await line.secure(settings.host);
      // What it offered before was not protected (RFC 3207 §4.2).
      offers = await hello();
    }
    if (settings.user !== null) await authenticate(line, offers, settings.user, password);
    await line.ask(`MAIL FROM:<${from}>${parametersFor(to, offers)}`, 2, 'refused');
    await line.ask(`RCPT TO:<${to}>`, 2, 'refused');
    await line.ask('DATA', 3, 'refused');
    // A line of one dot ends the letter: those of the letter get another one (RFC 5321 §4.5.2).
    await line.ask(`${mail.replace(/^\./gm, '..')}.`, 2, 'refused');
  } catch (error) {
    line.close();
    throw error;
  }
  line.quit();
}

/** By PLAIN (RFC 4616), or LOGIN, of which some servers have nothing else. */
async function authenticate(line: SmtpLine, offers: readonly string[], user: string, password: string): Promise<void> {
  const methods = offers.filter((offer) => /^AUTH\b/i.test(offer)).join(' ');
  const encode = (text: string) => encodeBase64(encodeUtf8(text));
  if (/\bLOGIN\b/i.test(methods) && !/\bPLAIN\b/i.test(methods)) {
    await line.ask('AUTH LOGIN', 3, 'unauthorised');
    await line.ask(encode(user), 3, 'unauthorised');
    await line.ask(encode(password), 2, 'unauthorised');
  } else {
    await line.ask(`AUTH PLAIN ${encode(`\0${user}\0${password}`)}`, 2, 'unauthorised');
  }
}

/** Not every server takes an address that has other letters than ASCII's (RFC 6531). */
function parametersFor(address: string, offers: readonly string[]): string {
  if (/^\p{ASCII}*$/u.test(address)) return '';
  if (!offers.some((offer) => /^SMTPUTF8\b/i.test(offer))) throw new DeliveryError('refused');
  return ' BODY=8BITMIME SMTPUTF8';
}
