// SMTP with TLS, from the start or by STARTTLS, and with a password: nodemailer over node:net and node:tls, which every host
// has. Without TLS nothing is sent, unless the server is on this machine and configuration says so (`?tls=none`).

import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import { type Channel, DeliveryError, withKeys } from '../channel.ts';
import type { Sender, SmtpSettings } from '../configuration.ts';
import { writeEmail } from '../letter.ts';

type Socket = ReturnType<typeof connect>;

export function smtpChannel(from: Sender, settings: SmtpSettings): Channel {
  return {
    name: 'smtp',
    kind: 'email',
    async send({ uid }, message, signal) {
      // Half of the Worker's code: only who sends by SMTP has it evaluated, and not before the first letter.
      const { createTransport } = await import('nodemailer');
      const email = await writeEmail(message);
      await withKeys(settings.keys, async (password) => {
        try {
          await createTransport(transportOf(settings, password, from, signal)).sendMail({
            // As objects: they are not parsed, and whatever is in them stays one address.
            from,
            to: { name: '', address: uid },
            ...email,
            // RFC 3834: no automaton answers it.
            headers: { 'auto-submitted': 'auto-generated' },
          });
        } catch (error) {
          throw signal.aborted ? new DeliveryError('too-slow') : problemOf(error);
        }
      });
    },
  };
}

function transportOf(
  settings: SmtpSettings,
  password: string,
  from: Sender,
  signal: AbortSignal,
): SMTPTransportOptions {
  const { host, port, tls, user } = settings;
  const secured = tls === 'always';
  return {
    ...{ host, port, secure: secured, requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...(user === null ? {} : { auth: { user, pass: password } }),
    name: from.address.slice(from.address.lastIndexOf('@') + 1),
    getSocket: (_, callback) => {
      open(settings, signal).then((connection) => callback(null, { connection, secured }), callback);
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** By name, not by an address that was looked up before: Workers check a certificate against what they connected to. */
function open({ host, port, tls }: SmtpSettings, signal: AbortSignal): Promise<Socket> {
  const isSecure = tls === 'always';
  const socket = isSecure ? connectSecurely({ host, port, servername: host }) : connect({ host, port });
  return new Promise((resolve, reject) => {
    const fail = () => {
      socket.destroy();
      reject(new DeliveryError('unreachable'));
    };
    // For as long as it lives: what the line does after that, whoever uses it hears too.
    socket.on('error', fail);
    signal.addEventListener('abort', fail);
    socket.on(isSecure ? 'secureConnect' : 'connect', () => resolve(socket));
  });
}

/** Of what nodemailer throws: its own code, and the number of the server's last reply. */
function problemOf(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  const status = typeof responseCode === 'number' ? responseCode : undefined;
  if (code === 'EAUTH') return new DeliveryError('unauthorised', status);
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return new DeliveryError('refused', status);
  return new DeliveryError(code === 'ETIMEDOUT' ? 'too-slow' : 'unreachable', status);
}
