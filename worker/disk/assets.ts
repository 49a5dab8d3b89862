// The files of the web client on a local disk: read when the relay starts, compressed when they are first asked for.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Env } from '../env.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Best first. */
const encoders: Readonly<Record<string, (bytes: Bytes) => Promise<Bytes>>> = {
  br: async (bytes) => new Uint8Array(await promisify(brotliCompress)(bytes)),
  gzip: async (bytes) => new Uint8Array(await promisify(gzip)(bytes)),
};

/** @param folder  what client/web/build.ts has made; without it there is nothing */
export function openAssets(folder: string): Env['ASSETS'] {
  const files = new Map(namesIn(folder).map((name) => [`/${name}`, new Uint8Array(readFileSync(join(folder, name)))]));
  const encoded = new Map<string, Promise<Bytes>>();
  return {
    async fetch({ url, headers }) {
      const { pathname } = new URL(url);
      const file = files.get(pathname);
      if (file === undefined) return new Response(null, { status: 404 });
      const encoding = Object.keys(encoders).find((name) => accepts(headers.get('accept-encoding'), name));
      const encode = encoding === undefined ? undefined : encoders[encoding];
      if (encoding === undefined || encode === undefined) return new Response(file);
      const key = `${encoding} ${pathname}`;
      const body = encoded.get(key) ?? encode(file);
      encoded.set(key, body);
      return new Response(await body, { headers: { 'content-encoding': encoding } });
    },
  };
}

function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll('\\', '/'));
}

/** RFC 9110 §12.5.3, without weights but that of refusal. */
function accepts(field: string | null, encoding: string): boolean {
  return (field ?? '').split(',').some((part) => {
    const [name, weight = ''] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === encoding && !/^q=0(\.0*)?$/.test(weight);
  });
}
