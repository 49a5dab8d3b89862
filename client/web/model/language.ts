// In which language the pages are: the one that was chosen here, or the first of the browser's that there is.

import { type ReadonlySignal, signal } from '@preact/signals';
import { en, type Messages } from '../messages/en.ts';
import { fr } from '../messages/fr.ts';

export const languages: readonly Messages[] = [en, fr];
const kept = 'cliquet language';

const preferred = [localStorage.getItem(kept), ...navigator.languages]
  .map((tag) => languages.find(({ locale }) => tag?.toLowerCase().split('-')[0] === locale))
  .find((found) => found !== undefined);

const current = signal<Messages>(preferred ?? en);
document.documentElement.lang = current.value.locale;

export const messages: ReadonlySignal<Messages> = current;

export function choose(locale: string): void {
  const chosen = languages.find((each) => each.locale === locale);
  if (chosen === undefined) return;
  localStorage.setItem(kept, locale);
  current.value = chosen;
  document.documentElement.lang = locale;
}
