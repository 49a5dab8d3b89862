// In which language the pages are: the one that was chosen here, or the first of the browser's that there is. Of that one, what
// is said before there is a client is loaded first.

import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Messages } from '../messages/en.ts';
import type { GateMessages } from '../messages/en-gate.ts';
import { kept } from './kept.ts';

interface Language {
  readonly locale: string;
  /** In its own words. */
  readonly name: string;
  readonly loadGate: () => Promise<GateMessages>;
  readonly load: () => Promise<Messages>;
}

const english: Language = {
  locale: 'en',
  name: 'English',
  loadGate: async () => (await import('../messages/en-gate.ts')).gateEn,
  load: async () => (await import('../messages/en.ts')).en,
};
const french: Language = {
  locale: 'fr',
  name: 'Français',
  loadGate: async () => (await import('../messages/fr-gate.ts')).gateFr,
  load: async () => (await import('../messages/fr.ts')).fr,
};

export const languages: readonly Language[] = [english, french];
const chosen = kept(() => localStorage, 'cliquet language');

const gate = signal<GateMessages | null>(null);
const all = signal<Messages | null>(null);

const loaded = <T>(from: Signal<T | null>): ReadonlySignal<T> =>
  computed(() => {
    if (from.value === null) throw new TypeError('the language is not loaded yet');
    return from.value;
  });

/** What is said before there is a client. */
export const gateMessages: ReadonlySignal<GateMessages> = loaded(gate);

/** Everything, once `loadMessages()` is done. */
export const messages: ReadonlySignal<Messages> = loaded(all);

const find = (tag: string | null) => languages.find(({ locale }) => tag?.toLowerCase().split('-')[0] === locale);

function preferred(): Language {
  const [best = english] = [chosen.get(), ...navigator.languages].flatMap((tag) => find(tag) ?? []);
  return best;
}

/** Of what is shown, as a BCP 47 tag. */
export const locale = (): string => document.documentElement.lang;

/** Loads what is said at first, in the language that fits best. */
export async function startLanguage(): Promise<void> {
  await show(preferred());
}

export async function loadMessages(): Promise<void> {
  all.value = await preferred().load();
}

export async function choose(locale: string): Promise<void> {
  chosen.set(locale);
  await show(find(locale) ?? english);
}

async function show({ locale, loadGate, load }: Language): Promise<void> {
  const [first, rest] = await Promise.all([loadGate(), all.value === null ? null : load()]);
  batch(() => {
    gate.value = first;
    all.value = rest;
  });
  document.documentElement.lang = locale;
}
