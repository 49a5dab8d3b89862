// A question that has to be answered first. The browser keeps the focus inside, and gives it back.

import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { gateMessages } from '../model/language.ts';

export interface Question {
  readonly title: string;
  readonly body: string;
  /** What is done if the answer is yes. */
  readonly action: string;
  readonly isDangerous?: boolean;
}

interface Asked extends Question {
  readonly answer: (yes: boolean) => void;
}

const asked = signal<Asked | null>(null);

/** @returns whether the person agrees */
export function ask(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

/** The question is put away, as if it had been answered with no. */
export function dropQuestion(): void {
  asked.value?.answer(false);
}

export function Dialog(): JSX.Element | null {
  const question = asked.value;
  return question === null ? null : <Shown question={question} />;
}

function Shown({ question: { title, body, action, isDangerous, answer } }: { readonly question: Asked }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-body`}
      onClose={() => answer(false)}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <p id={`${id}-body`}>{body}</p>
      <div class="row end">
        <button type="button" onClick={() => answer(false)}>
          {gateMessages.value.common.cancel}
        </button>
        <button type="button" class={isDangerous ? 'danger' : 'primary'} onClick={() => answer(true)}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
