// CBOR (RFC 8949) by hand, independent of the library under test: enough to take a deterministic encoding apart and to
// write the same items in ways that the protocol refuses.

import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';

/** One data item: where its head and its whole encoding (children included) begin and end. */
export interface Item {
  readonly major: number;
  readonly argument: number;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/** All items of one encoding, outermost first. Majors 0, 1, 2, 3, 4 and the simple values; nothing else occurs. */
export function walkItems(encoded: Bytes): Item[] {
  const items: Item[] = [];
  const read = (start: number): number => {
    const initial = encoded[start] ?? 0;
    const major = initial >> 5;
    const short = initial & 31;
    const width = short < 24 ? 0 : 2 ** (short - 24);
    let argument = short < 24 ? short : 0;
    for (let i = 1; i <= width; i++) argument = argument * 256 + (encoded[start + i] ?? 0);
    const bodyStart = start + 1 + width;
    const index = items.push({ major, argument, start, bodyStart, end: bodyStart }) - 1;
    let end = bodyStart;
    if (major === 2 || major === 3) end += argument;
    if (major === 4) for (let i = 0; i < argument; i++) end = read(end);
    items[index] = { major, argument, start, bodyStart, end };
    return end;
  };
  read(0);
  return items;
}

/** A head with an argument of `width` bytes, whether it needs them or not. */
function head(major: number, argument: number, width: 0 | 1 | 2 | 4 | 8): Bytes {
  if (width === 0) return new Uint8Array([(major << 5) | argument]);
  const out = new Uint8Array(1 + width);
  out[0] = (major << 5) | (24 + Math.log2(width));
  let rest = argument;
  for (let i = width; i > 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}

const widths = [1, 2, 4, 8] as const;

function splice(encoded: Bytes, start: number, end: number, ...parts: readonly Uint8Array[]): Bytes {
  return concatBytes(encoded.subarray(0, start), ...parts, encoded.subarray(end));
}

/** Every way tried here to write the same value, or one that no struct has, at each item of an encoding. */
export function deviations(encoded: Bytes): { readonly what: string; readonly bytes: Bytes }[] {
  return walkItems(encoded).flatMap((item) => {
    const { major, argument, start, bodyStart, end } = item;
    const whole = encoded.subarray(start, end);
    const body = encoded.subarray(bodyStart, end);
    const at = (what: string, ...parts: readonly Uint8Array[]) => ({
      what: `${what} at ${start}`,
      bytes: splice(encoded, start, end, ...parts),
    });
    const found = [
      at('tag 0', new Uint8Array([0xc0]), whole),
      at('tag 55799', new Uint8Array([0xd9, 0xd9, 0xf7]), whole),
      at('map', new Uint8Array([0xa0])),
      at('map of the item', new Uint8Array([0xa1, 0]), whole),
      at('undefined', new Uint8Array([0xf7])),
      at('unassigned simple value', new Uint8Array([0xf8, 0x20])),
      at('negative integer', new Uint8Array([0x20])),
      at('bignum', new Uint8Array([0xc2, 0x41, 1])),
      at('integer beyond 2^53', head(0, 2 ** 53, 8)),
      at('float 1.0', new Uint8Array([0xf9, 0x3c, 0])),
      at('float NaN', new Uint8Array([0xf9, 0x7e, 0])),
      at('float infinity', new Uint8Array([0xf9, 0x7c, 0])),
      at('nothing'),
      at('break', new Uint8Array([0xff])),
      at('item twice', whole, whole),
    ];
    if (major <= 4) {
      const least = bodyStart - start - 1;
      for (const width of widths)
        if (width > least) found.push(at(`head of ${width}`, head(major, argument, width), body));
    }
    if (major === 0) {
      const float = new Uint8Array(9);
      float[0] = 0xfb;
      new DataView(float.buffer).setFloat64(1, argument);
      found.push(at('float of the integer', float));
    }
    if (major >= 2 && major <= 4) {
      const indefinite = new Uint8Array([(major << 5) | 31]);
      const chunk = major === 4 ? body : whole;
      found.push(at('indefinite length', indefinite, chunk, new Uint8Array([0xff])));
      found.push(at('one more than there is', head(major, argument + 1, 4), body));
      found.push(at('2^32 − 1 claimed', head(major, 2 ** 32 - 1, 4), body));
      found.push(at('2^53 − 1 claimed', head(major, 2 ** 53 - 1, 8), body));
    }
    return found;
  });
}

/** Inputs that no struct decodes: each must end in a typed error, soon. */
export function hostileInputs(): { readonly what: string; readonly bytes: Bytes }[] {
  const proto = new TextEncoder().encode('__proto__');
  const nested = (open: number, depth: number) => new Uint8Array(depth + 1).fill(open, 0, depth);
  const key = concatBytes(head(3, proto.length, 0), proto);
  return [
    { what: 'nothing', bytes: new Uint8Array(0) },
    { what: 'arrays nested 100,000 deep', bytes: nested(0x81, 100_000) },
    { what: 'tags nested 100,000 deep', bytes: nested(0xc1, 100_000) },
    { what: 'arrays nested without end', bytes: new Uint8Array(100_000).fill(0x9f) },
    { what: '2^32 − 1 array items claimed', bytes: head(4, 2 ** 32 - 1, 4) },
    { what: '2^53 − 1 array items claimed', bytes: head(4, 2 ** 53 - 1, 8) },
    { what: '2^64 − 1 array items claimed', bytes: new Uint8Array(9).fill(255).fill(0x9b, 0, 1) },
    { what: '2^64 − 1 bytes claimed', bytes: new Uint8Array(9).fill(255).fill(0x5b, 0, 1) },
    { what: '2^64 − 1 bytes of text claimed', bytes: new Uint8Array(9).fill(255).fill(0x7b, 0, 1) },
    { what: '2^32 − 1 map entries claimed', bytes: head(5, 2 ** 32 - 1, 4) },
    { what: '__proto__ key', bytes: concatBytes(new Uint8Array([0xa1]), key, new Uint8Array([0xa0])) },
    {
      what: '__proto__ key twice',
      bytes: concatBytes(new Uint8Array([0xa2]), key, new Uint8Array([0]), key, new Uint8Array([0])),
    },
    { what: '__proto__ text', bytes: key },
    { what: '__proto__ in an array', bytes: concatBytes(new Uint8Array([0x81]), key) },
    { what: 'reserved head', bytes: new Uint8Array([0x1c]) },
    { what: 'break alone', bytes: new Uint8Array([0xff]) },
    { what: 'text that is not UTF-8', bytes: new Uint8Array([0x62, 0xc3, 0x28]) },
  ];
}
