// Mail servers on this machine: a real one that keeps what it gets, and one that says its lines and hangs up.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isSecure: boolean;
  readonly raw: string;
  readonly email: Email;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  /** Passwords that were tried, in order. */
  readonly tried: readonly string[];
  /** Of the newest mail to this address. */
  code(address: string): string | undefined;
  /** Connections that are open. */
  readonly connections: number;
  stop(): Promise<void>;
}

export interface MailServerOptions {
  /** PEM texts; without them it speaks no TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** TLS from the start. */
  readonly isSecure?: boolean;
  /** It takes no letter without one of them; null: it takes no password. */
  readonly passwords?: readonly string[] | null;
  /** How it takes them, if not in every way that it knows. */
  readonly methods?: readonly string[];
  /** An SMTP reply in place of taking the recipient, or the letter. */
  readonly refuse?: { readonly at: 'recipient' | 'letter'; readonly code: number };
  /** Recipients are never answered; called when one waits. */
  readonly onSilence?: () => void;
}

export const mailUser = 'cliquet';

export async function startMailServer(options: MailServerOptions): Promise<MailServer> {
  const { tls, isSecure = false, passwords = null, methods, refuse, onSilence } = options;
  const mails: Mail[] = [];
  const tried: string[] = [];
  const refusal = (code: number) => Object.assign(new Error('not this one'), { responseCode: code });
  const disabled = [...(tls && !isSecure ? [] : ['STARTTLS']), ...(passwords === null ? ['AUTH'] : [])];
  const server: SMTPServer = new SMTPServer({
    ...tls,
    secure: isSecure,
    disabledCommands: disabled,
    authOptional: passwords === null,
    ...(methods === undefined ? {} : { authMethods: [...methods] }),
    disableReverseLookup: true,
    logger: false,
    onAuth({ username, password }, _, done) {
      tried.push(password ?? '');
      const isRight = username === mailUser && passwords?.includes(password ?? '');
      done(isRight ? null : refusal(535), { user: username });
    },
    onRcptTo(_, __, done) {
      if (onSilence) return onSilence();
      done(refuse?.at === 'recipient' ? refusal(refuse.code) : null);
    },
    onData(stream, { envelope, secure }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', async () => {
        if (refuse?.at === 'letter') return done(refusal(refuse.code));
        const raw = Buffer.concat(parts).toString('latin1');
        const email = await PostalMime.parse(Buffer.concat(parts));
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        const to = envelope.rcptTo.map(({ address }) => address);
        mails.push({ from, to, isSecure: secure, raw, email });
        done();
      });
    },
  } satisfies SMTPServerOptions);
  // A line that breaks in the middle is what some tests are about.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    tried,
    get connections() {
      return server.connections.size;
    },
    code: (address) => codeIn(mails.findLast(({ to }) => to.includes(address))?.email.text),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export const codeIn = (text: string | undefined): string | undefined => /\b\d{6}\b/.exec(text ?? '')?.[0];

/** What a server says in a whole session without TLS, in order. */
const replies = [
  '220 hello',
  '250-hello\r\n250 AUTH PLAIN',
  '235 go on',
  '250 go on',
  '250 go on',
  '354 go on',
  '250 taken',
];
export const replyCount: number = replies.length;

/**
 * A server that hangs up, or says nothing more, in place of a reply.
 * @param after  which one, from 0; asked for each connection
 * @param first  replies in place of the usual ones
 */
export async function startBreakingServer(
  after: () => number,
  first: readonly string[] = [],
  isSilent: () => boolean = () => false,
): Promise<Server> {
  const lines = [...first, ...replies.slice(first.length)];
  const server = createServer((socket: Socket) => {
    const last = after();
    let said = 0;
    const say = () => {
      if (said === last && isSilent()) return;
      if (said === last) socket.destroy();
      else socket.write(`${lines[said++]}\r\n`);
    };
    socket.on('error', () => undefined);
    socket.on('data', say);
    say();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
