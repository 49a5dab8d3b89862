// Miniflare, which comes with wrangler, as far as it is used here: workerd without wrangler's bundler and proxy.

import { createRequire } from 'node:module';

interface MiniflareModule {
  readonly Miniflare: new (options: object) => { readonly ready: Promise<URL>; dispose(): Promise<void> };
  convertV4MiniflareOptions(options: object): object;
}

const require = createRequire(import.meta.url);
const requireOfWrangler = createRequire(require.resolve('wrangler/package.json'));

export const { Miniflare, convertV4MiniflareOptions } = requireOfWrangler('miniflare') as MiniflareModule;
/** The program itself, as it gives its version. */
export const workerdProgram: string = createRequire(requireOfWrangler.resolve('miniflare'))('workerd').default;
