// What wrangler.toml binds, for tests inside workerd.

import type { RegistrarObject } from '../../worker/challenge/object.ts';
import type { ShardObject } from '../../worker/filter/object.ts';
import type { MailboxObject } from '../../worker/mailbox/object.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly MAILBOX: DurableObjectNamespace<MailboxObject>;
      readonly REGISTRAR: DurableObjectNamespace<RegistrarObject>;
      readonly SHARD: DurableObjectNamespace<ShardObject>;
      readonly FILTER: KVNamespace;
      readonly STRANGERS: RateLimit;
      readonly ASSETS: Fetcher;
    }
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
