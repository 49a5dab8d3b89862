// The relay on Cloudflare Workers: the HTTP application and the classes of its Durable Objects.

import { createApp } from './app.ts';
import { connectMailbox } from './mailbox/object.ts';

export { RegistrarObject as Registrar } from './challenge/object.ts';
export { ShardObject as Shard } from './filter/object.ts';
export { MailboxObject as Mailbox } from './mailbox/object.ts';

export default createApp({
  addressOf: ({ headers }) => headers.get('cf-connecting-ip') ?? '',
  isSecure: ({ url }) => new URL(url).protocol === 'https:',
  connect: connectMailbox,
});
