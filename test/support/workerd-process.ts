// One life of a Worker in workerd, as a process that can be killed: `node workerd-process.ts OPTIONS`, where OPTIONS are
// Miniflare's, in JSON. It is what `wrangler dev` runs, without its bundler and its proxy.

import module from 'node:module';
import { join } from 'node:path';

module.enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/cliquet'));
const { Miniflare, convertV4MiniflareOptions } = await import('./miniflare.ts');

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
