// The line to a mail server: a command, and its reply, one after the other. Over node:net and node:tls, which every host has,
// and which workerd evaluates when they are imported: that is when a line is opened.

import type { Socket } from 'node:net';
import { DeliveryError, type DeliveryProblem } from '../channel.ts';
import type { SmtpSettings } from '../configuration.ts';

/** Characters. No server says so much. */
const maxReplyLength = 65_536;

interface Reply {
  readonly code: number;
  /** Without the code. */
  readonly lines: readonly string[];
}

/** What a socket says once it is open. */
type OpenEvent = 'connect' | 'secureConnect';

export class SmtpLine {
  #socket: Socket;
  #received = '';
  #isOpen = false;
  #isBroken = false;
  /** Looks again whether what is waited for has come. */
  #look: () => void = () => undefined;

  private constructor(socket: Socket, event: OpenEvent) {
    this.#socket = socket;
    this.#listen(socket, event);
  }

  /**
   * By name, not by an address that was looked up before: Workers check a certificate against what they connected to.
   * @throws DeliveryError `unreachable`
   */
  static async open({ host, port, tls }: SmtpSettings, signal: AbortSignal): Promise<SmtpLine> {
    const [{ connect }, { connect: connectSecurely }] = await Promise.all([import('node:net'), import('node:tls')]);
    signal.throwIfAborted();
    const line =
      tls === 'always'
        ? new SmtpLine(connectSecurely({ host, port, servername: host }), 'secureConnect')
        : new SmtpLine(connect({ host, port }), 'connect');
    signal.addEventListener('abort', () => line.close());
    await line.#opened();
    return line;
  }

  /** Goes on under TLS (STARTTLS, RFC 3207). @throws DeliveryError `unreachable` */
  async secure(host: string): Promise<void> {
    const { connect } = await import('node:tls');
    this.#say('STARTTLS');
    await this.#wait(() => {
      const reply = this.#takeReply();
      if (reply === undefined) return undefined;
      check(reply, 2, 'unreachable');
      this.#refuseUnasked();
      // In the very turn in which the reply has come: workerd reads on after it, and cannot hand over a line that it reads from.
      this.#socket = connect({ socket: this.#socket, servername: host });
      this.#listen(this.#socket, 'secureConnect');
      return true;
    });
    await this.#opened();
  }

  /**
   * Says a command.
   * @param digit    the first of the reply that is hoped for: 2, it is done, or 3, go on (RFC 5321 §4.2.1)
   * @param problem  what another one means
   * @returns the lines of the reply, without the code
   * @throws DeliveryError
   */
  ask(command: string, digit: 2 | 3, problem: DeliveryProblem): Promise<readonly string[]> {
    this.#say(command);
    return this.reply(digit, problem);
  }

  /** As `ask()`, of a server that speaks first. */
  async reply(digit: 2 | 3, problem: DeliveryProblem): Promise<readonly string[]> {
    const reply = await this.#wait(() => this.#takeReply());
    check(reply, digit, problem);
    return reply.lines;
  }

  /** Nobody waits for the reply. */
  quit(): void {
    const socket = this.#socket;
    socket.end('QUIT\r\n', () => socket.destroy());
  }

  close(): void {
    this.#isBroken = true;
    this.#socket.destroy();
    this.#look();
  }

  #say(command: string): void {
    this.#refuseUnasked();
    this.#socket.write(`${command}\r\n`);
  }

  #takeReply(): Reply | undefined {
    const [text] = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.#received) ?? [];
    if (text === undefined) return undefined;
    this.#received = this.#received.slice(text.length);
    const lines = text.trimEnd().split(/\r?\n/);
    return { code: Number(lines.at(-1)?.slice(0, 3)), lines: lines.map((line) => line.slice(4)) };
  }

  /** In the turn in which the socket is made: on Deno `secureConnect` may come before what waits in that turn goes on. */
  #listen(socket: Socket, event: OpenEvent): void {
    this.#isOpen = false;
    socket.on(event, () => {
      this.#isOpen = true;
      this.#look();
    });
    const decoder = new TextDecoder();
    // Of a line that was secured, only what is above TLS counts.
    const isCurrent = () => socket === this.#socket;
    socket.on('data', (bytes) => {
      if (!isCurrent()) return;
      this.#received += decoder.decode(bytes, { stream: true });
      if (this.#received.length > maxReplyLength) this.close();
      else this.#look();
    });
    // For as long as it lives: what the line does after that, whoever uses it hears too.
    for (const end of ['error', 'end', 'close'] as const) {
      socket.on(end, () => isCurrent() && this.close());
    }
  }

  async #opened(): Promise<void> {
    await this.#wait(() => this.#isOpen || undefined);
  }

  /** Until there is what `find` looks for. @throws DeliveryError `unreachable` if the line breaks before that, or what it throws */
  #wait<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#look = () => undefined;
      };
      this.#look = () => {
        try {
          const found = find();
          if (found === undefined && !this.#isBroken) return;
          done();
          if (found !== undefined) resolve(found);
          else reject(new DeliveryError('unreachable'));
        } catch (error) {
          done();
          reject(error);
        }
      };
      this.#look();
    });
  }

  /** What comes unasked would be taken for the next reply, and before TLS anybody on the way can have said it. */
  #refuseUnasked(): void {
    if (this.#received !== '') throw new DeliveryError('unreachable');
  }
}

/** @throws DeliveryError */
function check({ code }: Reply, digit: 2 | 3, problem: DeliveryProblem): void {
  // 421: the server hangs up, whatever it was asked.
  if (Math.floor(code / 100) !== digit) throw new DeliveryError(code === 421 ? 'unreachable' : problem, code);
}
