// Content for tests, in a line.

import type { Content } from '../../client/wire/content.ts';
import { type Body, readBody, writeBody } from '../../client/wire/content-body.ts';

export function contentOf(said: Body, rest: Partial<Omit<Content, 'kind' | 'version' | 'body'>> = {}): Content {
  return {
    id: new Uint8Array(16),
    sentAt: 1_800_000_000,
    ...writeBody(said),
    reply: null,
    timerSeconds: null,
    asksReceipt: false,
    reports: [],
    earlier: [],
    again: null,
    ...rest,
  };
}

export const textOf = (text: string, rest: Parameters<typeof contentOf>[1] = {}): Content =>
  contentOf({ type: 'text', text }, rest);

/** The text that a content carries, if it is one. */
export function readText(content: Pick<Content, 'kind' | 'version' | 'body'>): string | null {
  const body = readBody(content);
  return body?.type === 'text' ? body.text : null;
}

export const emptyOf = (rest: Parameters<typeof contentOf>[1] = {}): Content => contentOf({ type: 'empty' }, rest);
