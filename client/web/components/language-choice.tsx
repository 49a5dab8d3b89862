// The languages that there are, each in its own words.

import type { JSX } from 'preact';
import { choose, gateMessages, languages } from '../model/language.ts';
import { complain } from './toast.tsx';

export function LanguageChoice(): JSX.Element {
  return (
    <fieldset class="languages">
      <legend class="unseen">{gateMessages.value.common.language}</legend>
      {languages.map(({ locale, name }) => (
        <button
          key={locale}
          type="button"
          class="quiet"
          lang={locale}
          aria-pressed={gateMessages.value.locale === locale}
          onClick={() => void choose(locale).catch(complain)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
