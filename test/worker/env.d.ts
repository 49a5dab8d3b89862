// What wrangler.toml binds, for tests inside workerd.

import type { Env as RelayEnv } from '../../worker/env.ts';

declare global {
  namespace Cloudflare {
    interface Env extends RelayEnv {}
    interface GlobalProps {
      mainModule: typeof import('../../worker/index.ts');
    }
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Many runs of what is random. */
    slow: boolean;
  }
}
