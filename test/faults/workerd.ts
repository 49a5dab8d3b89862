// One life of the relay in workerd, as a process that can be killed: `node workerd.ts BUNDLE STATE BINDINGS`.
// It is what `wrangler dev` runs, without its bundler and its proxy: a new life begins three times as fast.

import { relative } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from '../support/miniflare.ts';

const [bundle = '', resourcePersistencePath, bindings = ''] = process.argv.slice(2);
// Its standard input ends when its parent does, however that happens, and then the whole group goes.
process.stdin.resume().on('end', () => process.kill(0, 'SIGKILL'));
const options = convertV4MiniflareOptions({
  ...JSON.parse(bindings),
  name: 'cliquet',
  modules: true,
  // workerd does not read outside of the folder that it works in.
  scriptPath: relative('.', bundle),
  host: '127.0.0.1',
  port: 0,
  cf: false,
  // Nobody asks for the web client.
  serviceBindings: { ASSETS: () => new Response(null, { status: 404 }) },
});
const { ready } = new Miniflare({ ...options, resourcePersistencePath });
console.log(JSON.stringify({ event: 'ready', url: (await ready).origin }));
