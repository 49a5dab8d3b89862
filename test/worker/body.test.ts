import { describe, expect, test } from 'vitest';
import { checkMediaType, readBody } from '../../worker/body.ts';

const url = 'https://relay.test/';
const chunk = new Uint8Array(1000);

const bounds = (maxBytes: number) => ({ maxBytes, timeoutMs: 60_000 });

/** A request whose body never ends, and how many chunks were asked of it. */
function endless(headers: Record<string, string> = {}) {
  const asked = { chunks: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        asked.chunks++;
        controller.enqueue(chunk);
      },
      cancel() {
        asked.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' };
  return { asked, request: new Request(url, init) };
}

describe('readBody()', () => {
  test('reads what fits, and nothing where there is nothing', async () => {
    const request = new Request(url, { method: 'POST', body: chunk });
    expect(await readBody(request, bounds(chunk.length))).toEqual(chunk);
    expect(await readBody(new Request(url), bounds(0))).toEqual(new Uint8Array());
  });

  test('refuses what declares too much without reading any of it', async () => {
    const { asked, request } = endless({ 'content-length': '2001' });
    await expect(readBody(request, bounds(2000))).rejects.toThrow('too-large');
    expect(asked.chunks).toBe(0);
  });

  test.each([{}, { 'content-length': '5' }, { 'content-length': 'x' }])(
    'stops reading what never ends (%o)',
    async (headers) => {
      const { asked, request } = endless(headers);
      await expect(readBody(request, bounds(2000))).rejects.toThrow('too-large');
      expect(asked.chunks).toBe(3);
      expect(asked.cancelled).toBe(true);
    },
  );

  test('puts together what comes in pieces of one byte', async () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
    const body = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
    expect(await readBody(new Request(url, init), bounds(bytes.length))).toEqual(bytes);
  });

  test('refuses what breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(chunk);
        controller.error(new Error('reset'));
      },
    });
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
    await expect(readBody(new Request(url, init), bounds(2000))).rejects.toThrow('malformed');
  });

  test('gives up what does not come in time', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(chunk),
      cancel: () => {
        cancelled = true;
      },
    });
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
    await expect(readBody(new Request(url, init), { maxBytes: 2000, timeoutMs: 20 })).rejects.toThrow('too-slow');
    expect(cancelled).toBe(true);
  });
});

describe('checkMediaType()', () => {
  test('looks at the type alone', () => {
    const typed = (type: string) => new Request(url, { headers: { 'content-type': type } });
    expect(() => checkMediaType(typed('Application/JSON; charset=utf-8'), 'application/json')).not.toThrow();
    for (const wrong of ['application/jsonp', 'text/plain', 'json']) {
      expect(() => checkMediaType(typed(wrong), 'application/json')).toThrow('unsupported-media-type');
    }
    expect(() => checkMediaType(new Request(url), 'application/json')).toThrow('unsupported-media-type');
  });
});
