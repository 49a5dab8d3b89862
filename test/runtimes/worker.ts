// Tasks in a Durable Object, in workerd: the body of a request is the task, the answer's the report.

import { encryptedStore, type Store } from '../../client/index.ts';
import { durableObjectStore, type ObjectStorage } from '../../client/store/durable-object.ts';
import type { StoreUnderTest } from '../client/store/contract.ts';
import { live, type Task } from './life.ts';

interface Env {
  readonly PLACE: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
}

export class Place {
  readonly #storage: ObjectStorage;

  constructor({ storage }: { readonly storage: ObjectStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const storage = this.#storage;
    const report = await live((await request.json()) as Task, {
      version: null,
      adapters: {
        'durableObjectStore()': inObject(storage, async (inner) => inner),
        'encryptedStore() over a Durable Object': inObject(storage, (inner) =>
          encryptedStore(inner, new Uint8Array(32).fill(3)),
        ),
      },
      lasting: 'durableObjectStore()',
      openStore: async () => durableObjectStore(storage),
    });
    return Response.json(report);
  }
}

/** One object is one store: a new one begins without what the last one has left. */
function inObject(storage: ObjectStorage, over: (inner: Store) => Promise<Store>): StoreUnderTest {
  return {
    create: () => {
      storage.sql.exec('DROP TABLE IF EXISTS cliquet_entries');
      return over(durableObjectStore(storage));
    },
    reopen: () => over(durableObjectStore(storage)),
  };
}

export default {
  async fetch(request: Request, { PLACE }: Env): Promise<Response> {
    return PLACE.getByName(new URL(request.url).pathname).fetch(request);
  },
};
