// In which language the pages are: the one that was chosen here, or the first of the browser's that there is. Only that one
// is loaded.

import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Messages } from '../messages/en.ts';

interface Language {
  readonly locale: string;
  /** In its own words. */
  readonly name: string;
  readonly load: () => Promise<Messages>;
}

const english: Language = {
  locale: 'en',
  name: 'English',
  load: async () => (await import('../messages/en.ts')).en,
};

export const languages: readonly Language[] = [
  english,
  { locale: 'fr', name: 'Français', load: async () => (await import('../messages/fr.ts')).fr },
];
const kept = 'cliquet language';

const current = signal<Messages | null>(null);

export const messages: ReadonlySignal<Messages> = computed(() => {
  if (current.value === null) throw new TypeError('no language is loaded yet');
  return current.value;
});

const find = (tag: string | null) => languages.find(({ locale }) => tag?.toLowerCase().split('-')[0] === locale);

/** Loads the language that fits best. */
export async function startLanguage(): Promise<void> {
  const [preferred = english] = [localStorage.getItem(kept), ...navigator.languages].flatMap((tag) => find(tag) ?? []);
  await show(preferred);
}

export async function choose(locale: string): Promise<void> {
  localStorage.setItem(kept, locale);
  await show(find(locale) ?? english);
}

async function show({ locale, load }: Language): Promise<void> {
  current.value = await load();
  document.documentElement.lang = locale;
}
