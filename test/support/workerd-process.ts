// One life of a Worker in workerd, as a process that can be killed: `node workerd-process.ts OPTIONS`, where OPTIONS are
// Miniflare's, in JSON. It is what `wrangler dev` runs, without its bundler and its proxy.

import module, { createRequire } from 'node:module';
import { join } from 'node:path';

/** What is used here of Miniflare, which comes with wrangler. */
interface MiniflareModule {
  readonly Miniflare: new (options: object) => { readonly ready: Promise<URL> };
  convertV4MiniflareOptions(options: object): object;
}

module.enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/cliquet'));
const requireOfWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'));
const { Miniflare, convertV4MiniflareOptions } = requireOfWrangler('miniflare') as MiniflareModule;

const { resourcePersistencePath, ...options } = JSON.parse(process.argv[2] ?? '') as {
  resourcePersistencePath: string;
};
// Its standard input ends when its parent does, however that happens, and then the whole group goes.
process.stdin.resume().on('end', () => process.kill(0, 'SIGKILL'));
const { ready } = new Miniflare({
  ...convertV4MiniflareOptions({
    ...options,
    handleStructuredLogs: ({ message }: { readonly message: string }) => console.log(message),
  }),
  resourcePersistencePath,
});
console.log(`Ready on ${(await ready).origin}`);
