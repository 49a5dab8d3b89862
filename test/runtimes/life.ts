// What every runtime is asked, and how it answers: in a process, a page or a Durable Object of its own for each task, so
// that nothing but a store lasts from one to the next. Tasks and reports are JSON.

import type { Curves } from '../../client/crypto/curves.ts';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../client/crypto/curves-webcrypto.ts';
import { selectCurves } from '../../client/crypto/select-curves.ts';
import { encryptedStore, type Store } from '../../client/index.ts';
import { cases, goThrough, type StoreUnderTest } from '../client/store/contract.ts';
import { type Answers, answer, type Questions } from './answers.ts';
import { type FirstLife, firstLife, type SecondLife, type Setting, secondLife } from './story.ts';

export interface Platform {
  /** What the runtime says of itself; null where only its program can be asked. */
  readonly version: string | null;
  readonly adapters: Readonly<Record<string, StoreUnderTest>>;
  /** The name of the adapter that lasts, and a store of its kind that is the same in each life. */
  readonly lasting: string;
  openStore(): Promise<Store>;
}

export type Task =
  | { readonly task: 'trial'; readonly questions: Questions }
  | ({ readonly task: 'first life' } & Setting)
  | { readonly task: 'second life' };

export interface Trial {
  readonly version: string | null;
  readonly lasting: string;
  /** Which provider a client takes here. */
  readonly chosen: Curves['name'];
  /** By provider; of WebCrypto only if it is the one that is taken. */
  readonly answers: Readonly<Partial<Record<Curves['name'], Answers>>>;
  /** What went wrong in each case of the store's contract, or null; by adapter. */
  readonly contract: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
}

export interface Reports {
  readonly trial: Trial;
  readonly 'first life': FirstLife;
  readonly 'second life': SecondLife;
}

export async function live(task: Task, platform: Platform): Promise<Reports[Task['task']]> {
  if (task.task === 'trial') return trial(task.questions, platform);
  // Costs next to nothing: what is tested here is not Argon2id.
  const parameters = { memoryKib: 8, passes: 1 };
  const store = await encryptedStore(await platform.openStore(), 'a good passphrase', { parameters });
  return task.task === 'first life' ? firstLife(task, store) : secondLife(store);
}

async function trial(questions: Questions, { version, lasting, adapters }: Platform): Promise<Trial> {
  const { name: chosen } = await selectCurves();
  const answers: Partial<Record<Curves['name'], Answers>> = { noble: await answer(nobleCurves, questions) };
  if (chosen === 'webcrypto') answers.webcrypto = await answer(webCryptoCurves, questions);
  const contract: Record<string, Record<string, string | null>> = {};
  for (const [name, adapter] of Object.entries(adapters)) {
    const outcomes: Record<string, string | null> = {};
    for (const [title, run] of Object.entries(cases)) {
      outcomes[title] = await goThrough(run, adapter).then(() => null, String);
    }
    contract[name] = outcomes;
  }
  return { version, lasting, chosen, answers, contract };
}
