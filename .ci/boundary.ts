// The relay cannot decrypt, and this checks it: nothing of the client but `client/wire/` is in the Worker's bundle.
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles an entry point as the Worker is bundled.
 * @returns the project's own modules in it that a relay must not contain
 */
export async function forbiddenInputs(entry = 'worker/index.ts'): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs).filter(
    (input) => input.startsWith('client/') && !input.startsWith('client/wire/'),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const forbidden = await forbiddenInputs();
  if (forbidden.length > 0) {
    console.error(
      `The Worker's bundle must contain nothing of the client but client/wire, and has:\n  ${forbidden.join('\n  ')}`,
    );
    process.exit(1);
  }
  console.log("boundary: the Worker's bundle contains nothing of client/crypto, client/protocol or client/store");
}
