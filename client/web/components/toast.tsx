// Short messages at the edge of the page: what was done goes by itself, what went wrong stays until it is put away.

import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { gateMessages } from '../model/language.ts';
import { sentenceOf } from '../model/sentence.ts';
import { Icon } from './icon.tsx';

interface Toast {
  readonly number: number;
  readonly text: string;
  readonly isError: boolean;
}

const shownMs = 4000;
const maxToasts = 3;
const toasts = signal<readonly Toast[]>([]);
let next = 0;

function show(text: string, isError: boolean): number {
  const number = next++;
  const others = toasts.value.filter((toast) => toast.text !== text);
  toasts.value = [...others, { number, text, isError }].slice(-maxToasts);
  return number;
}

function drop(number: number): void {
  toasts.value = toasts.value.filter((toast) => toast.number !== number);
}

export function clearToasts(): void {
  toasts.value = [];
}

export function note(text: string): void {
  const number = show(text, false);
  setTimeout(() => drop(number), shownMs);
}

export const complain = (error: unknown): void => void show(sentenceOf(error), true);

export const warn = (text: string): void => void show(text, true);

export function Toasts(): JSX.Element {
  const list = (isError: boolean) =>
    toasts.value
      .filter((toast) => toast.isError === isError)
      .map(({ number, text }) => (
        <div key={number} class={`toast ${isError ? 'toast-error' : ''}`}>
          <span>{text}</span>
          <button
            type="button"
            class="quiet square"
            onClick={() => drop(number)}
            aria-label={gateMessages.value.common.dismiss}
          >
            <Icon name="close" />
          </button>
        </div>
      ));
  return (
    <div class="toasts">
      <div role="status">{list(false)}</div>
      <div role="alert">{list(true)}</div>
    </div>
  );
}
