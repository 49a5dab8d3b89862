// What a client and a relay say to each other over HTTP, as somebody sees it who stands beside the client.

import { decodeBase64, encodeBase64 } from '../../client/wire/bytes.ts';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly fields: Headers;
  /** Null if it was not seen: a stream. */
  readonly body: Uint8Array | null;
  readonly status: number;
  readonly answerFields: Headers;
  readonly answer: Uint8Array;
}

/** A `fetch` that tells of each exchange before it answers. What fails, or breaks off, is not told. */
export function observed(fetch: typeof globalThis.fetch, tell: (exchange: Exchange) => void): typeof globalThis.fetch {
  return async (input, init) => {
    const isStream = init?.body instanceof ReadableStream;
    // A copy, as a request can be read once.
    const request =
      input instanceof Request && init === undefined
        ? input.clone()
        : new Request(input instanceof Request ? input.clone() : input, isStream ? { ...init, body: null } : init);
    const response = await fetch(input, init);
    const answer = await bytesOf(response.clone());
    // What was refused may have a body without an end.
    const body = isStream || !response.ok ? null : await bytesOf(request);
    if (answer === null) return response;
    const { method, url, headers: fields } = request;
    tell({ method, url, fields, body, status: response.status, answerFields: response.headers, answer });
    return response;
  };
}

async function bytesOf(body: Request | Response): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await body.arrayBuffer());
  } catch {
    return null;
  }
}

/** An exchange in one line, and back. */
export function toLine({ fields, body, answerFields, answer, ...rest }: Exchange): string {
  const line = {
    ...rest,
    fields: [...fields],
    body: body && encodeBase64(new Uint8Array(body)),
    answerFields: [...answerFields],
    answer: encodeBase64(new Uint8Array(answer)),
  };
  return `${JSON.stringify(line)}\n`;
}

export function fromLine(line: string): Exchange {
  const { fields, body, answerFields, answer, ...rest } = JSON.parse(line);
  return {
    ...rest,
    fields: new Headers(fields),
    body: body && decodeBase64(body),
    answerFields: new Headers(answerFields),
    answer: decodeBase64(answer),
  };
}
