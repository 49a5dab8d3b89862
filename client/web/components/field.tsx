// A field with its label, a hint and what is wrong with it, tied together for who hears the page.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { gateMessages } from '../model/language.ts';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | null;
  readonly type?: 'text' | 'password' | 'words';
  readonly autoComplete?: string;
  readonly inputMode?: 'text' | 'email' | 'numeric';
  readonly maxLength?: number;
  readonly autoFocus?: boolean;
  readonly class?: string;
}

export function Field(props: FieldProps): JSX.Element {
  const { label, value, onInput, hint, error, type = 'text', autoFocus = false } = props;
  const { autoComplete = 'off', inputMode = 'text', maxLength = 4096, class: name = '' } = props;
  const id = useId();
  const [isShown, setShown] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (autoFocus) box.current?.querySelector<HTMLElement>('input, textarea')?.focus();
  }, []);
  const shown = type === 'password' && !isShown ? ({ type: 'password' } as const) : ({ type: 'text' } as const);
  const { welcome } = gateMessages.value;
  const common = {
    id,
    value,
    class: name,
    maxLength,
    'aria-describedby': `${hint === undefined ? '' : `${id}-hint`} ${id}-error`,
    'aria-invalid': Boolean(error),
    autoCapitalize: 'none',
    spellcheck: false,
    dir: 'auto',
    onInput: (event: Event) => {
      const { currentTarget } = event;
      if (currentTarget instanceof HTMLInputElement || currentTarget instanceof HTMLTextAreaElement)
        onInput(currentTarget.value);
    },
  } as const;
  return (
    <div class="field" ref={box}>
      <label for={id}>{label}</label>
      {type === 'words' ? (
        <textarea {...common} rows={4} autoComplete="off" />
      ) : (
        <div class="field-box">
          <input {...common} {...shown} autoComplete={autoComplete} inputMode={inputMode} />
          {type === 'password' && (
            <button type="button" class="quiet" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
              {isShown ? welcome.hide : welcome.show}
              <span class="unseen"> {label}</span>
            </button>
          )}
        </div>
      )}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <div role="alert" id={`${id}-error`}>
        {error && <p class="error">{error}</p>}
      </div>
    </div>
  );
}

/** How far something is that takes a moment. */
export function Progress({
  label,
  fraction,
}: {
  readonly label: string;
  readonly fraction: number | null;
}): JSX.Element | null {
  if (fraction === null) return null;
  return (
    <div class="progress">
      <progress max={1} value={fraction} aria-label={label} />
      <span aria-hidden="true">{label}</span>
    </div>
  );
}

/** A form whose submission is ours: nothing of it is sent anywhere. */
export function Form({
  onSubmit,
  children,
  class: name,
}: {
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  return (
    <form
      class={name ?? 'form'}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}
