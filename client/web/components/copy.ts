// Copying a text, where the browser lets pages do that.

import { messages } from '../model/language.ts';
import { note, warn } from './toast.tsx';

export async function copyText(text: string): Promise<void> {
  const { copied, copyFailed } = messages.value;
  try {
    await navigator.clipboard.writeText(text);
    note(copied);
  } catch {
    // Not over plain HTTP, not without the person's consent.
    warn(copyFailed);
  }
}
