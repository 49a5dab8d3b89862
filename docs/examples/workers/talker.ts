// A Worker that is a member of a group: it asks another one something, and answers what it is asked, end-to-end encrypted.
// Its client lives in a Durable Object: so there is one of it, and what it keeps is in the object's own storage.
//
// The same code is deployed as two Workers (wrangler.toml). What they answer stands in `answerTo`: begin there.

import { DurableObject } from 'cloudflare:workers';
import { Client, CliquetError, encryptedStore, messageIdFor, newMessageId } from 'cliquet';
import { durableObjectStore } from 'cliquet/durable-object';

interface Env {
  readonly TALKER: DurableObjectNamespace<Talker>;
  readonly RELAY: string;
  /** Where the code of its registration is sent. */
  readonly ADDRESS: string;
  /** Secrets: 32 bytes in base64, under which everything is kept; and what whoever calls this Worker must know. */
  readonly STORE_KEY: string;
  readonly TOKEN: string;
}

/** How often what has come is looked after while nobody calls. */
const heartbeatMs = 60_000;
const patienceMs = 20_000;

function answerTo(question: string): string {
  return `I have counted ${question.trim().split(/\s+/).length} words.`;
}

/** What cannot be done as it was asked; the message says what to do. */
class Refused extends Error {}

export class Talker extends DurableObject<Env> {
  #client: Promise<Client> | undefined;
  #giveCode: ((code: string) => void) | undefined;
  #registered: Promise<void> | undefined;
  /** Who waits for an answer, by the id of the question. */
  readonly #waiting = new Map<string, (answer: string) => void>();

  override async fetch(request: Request): Promise<Response> {
    const routes = new Map<string, (body: string) => Promise<string>>([
      ['POST /register', () => this.#register()],
      ['POST /code', (code) => this.#confirm(code)],
      ['GET /invite', async () => (await this.#open()).invite()],
      // Groups of whom it trusts it joins without asking.
      ['POST /trust', async (invite) => (await this.#open()).addContact(invite)],
      ['POST /group', async (invite) => (await (await this.#open()).createGroup([invite])).id],
      ['POST /ask', (question) => this.#ask(question)],
    ]);
    const run = routes.get(`${request.method} ${new URL(request.url).pathname}`);
    if (run === undefined) return new Response(`There is: ${[...routes.keys()].join(', ')}\n`, { status: 404 });
    try {
      return new Response(`${await run((await request.text()).trim())}\n`);
    } catch (error) {
      if (!(error instanceof CliquetError || error instanceof Refused)) throw error;
      return new Response(`${error.message}\n`, { status: 409 });
    }
  }

  /** An object that nobody calls is put away, and its connection with it. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + heartbeatMs);
    const client = await this.#open();
    // What is not done by then is done at the next time.
    await client.settled({ signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined);
  }

  #open(): Promise<Client> {
    this.#client ??= this.#start().catch((error) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #start(): Promise<Client> {
    const key = Uint8Array.from(atob(this.env.STORE_KEY), (character) => character.charCodeAt(0));
    const store = await encryptedStore(durableObjectStore(this.ctx.storage), key);
    const client = await Client.open({ relay: this.env.RELAY, store });
    await this.ctx.storage.setAlarm(Date.now() + heartbeatMs);
    void this.#answerAll(client);
    return client;
  }

  async #answerAll(client: Client): Promise<void> {
    try {
      for await (const event of client.events()) {
        if (event.type !== 'message' || event.content.type !== 'text') continue;
        const { group, sender, id, reply, content } = event;
        if (reply !== null) this.#waiting.get(reply)?.(content.text);
        // An event is told again if the object ended in between. The id is then the same, and nothing is sent twice.
        else await group.send(answerTo(content.text), { reply: id, id: messageIdFor(group.id, sender, id) });
      }
    } catch (error) {
      console.error(error);
    } finally {
      // Whoever calls next opens it anew.
      this.#client = undefined;
      await client.close();
    }
  }

  async #ask(question: string): Promise<string> {
    const group = (await this.#open()).groups.find(({ status }) => status === 'active');
    if (group === undefined) throw new Refused('This Worker is in no group; POST the invite of another one to /group.');
    const id = newMessageId();
    const answered = new Promise<string>((resolve) => this.#waiting.set(id, resolve));
    const tooLate = new Promise<null>((resolve) => setTimeout(resolve, patienceMs, null));
    try {
      await group.send(question, { id });
      const answer = await Promise.race([answered, tooLate]);
      if (answer === null) throw new Refused('Nobody has answered yet; what was asked reaches them when it can.');
      return answer;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Asks the relay for a code. Its client waits for it here until somebody brings it. */
  async #register(): Promise<string> {
    const client = await this.#open();
    const asked = new Promise<void>((isAsked) => {
      const code = new Promise<string>((resolve) => {
        this.#giveCode = resolve;
      });
      // After a wrong one it begins anew.
      const ask = (attempt: number) => {
        isAsked();
        return attempt === 1 ? code : null;
      };
      this.#registered = client.register(this.env.ADDRESS, ask);
    });
    await Promise.race([asked, this.#registered]);
    return `A code is on its way to ${this.env.ADDRESS}; POST it to /code.`;
  }

  async #confirm(code: string): Promise<string> {
    if (this.#giveCode === undefined) throw new Refused('No code is waited for; POST to /register first.');
    this.#giveCode(code);
    await this.#registered;
    const client = await this.#open();
    // Nobody can found a group with it before the relay has its key packages.
    await client.settled({ signal: AbortSignal.timeout(patienceMs) });
    return client.invite();
  }
}

/** Takes as long whatever is right of it. */
async function isBearer(authorization: string, token: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(authorization), await digest(`Bearer ${token}`));
}

export default {
  async fetch(request: Request, { TALKER, TOKEN }: Env): Promise<Response> {
    if (!TOKEN || !(await isBearer(request.headers.get('authorization') ?? '', TOKEN))) {
      return new Response('Say the token of this Worker: authorization: Bearer …\n', { status: 401 });
    }
    return TALKER.getByName('talker').fetch(request);
  },
} satisfies ExportedHandler<Env>;
