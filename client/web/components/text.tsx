// What somebody has written, as text and nothing else; of a long one its beginning, until one wants to see it all. Addresses
// of web pages in it lead there, in a tab that learns nothing of this one; no other link does anything.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { messages } from '../model/language.ts';
import { beginningOf, type Part, partsOf } from '../model/text.ts';

const maxShownLength = 2000;
const maxShownLines = 40;

export function Text({ text }: { readonly text: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : beginningOf(text, maxShownLength, maxShownLines);
  const isCut = shown.length < text.length;
  const parts = partsOf(shown);
  // What was cut through would lead elsewhere.
  const leads = ({ href }: Part, i: number) => href !== null && !(isCut && i === parts.length - 1);
  return (
    <>
      <span class="text" dir="auto">
        {parts.map((part, i) =>
          leads(part, i) ? (
            <a key={i} href={part.href ?? ''} dir="ltr" target="_blank" rel="noopener noreferrer nofollow">
              {part.text}
            </a>
          ) : (
            part.text
          ),
        )}
        {isCut && ' …'}
      </span>
      {isCut && (
        <button type="button" class="quiet text-more" onClick={() => setWhole(true)}>
          {messages.value.talk.showAll}
        </button>
      )}
    </>
  );
}
