import type { Hono } from 'hono';
import type { Info } from '../../client/wire/info.ts';
import {
  maxBodyBytes,
  maxKeyPackages,
  maxRecipients,
  maxSendBytes,
  messageTtlSeconds,
} from '../../client/wire/limits.ts';
import { routes } from '../../client/wire/routes.ts';
import type { App } from '../admission.ts';
import { version } from '../version.ts';

export function infoRoutes(app: Hono<App>): void {
  app.get(routes.info, (c) => {
    const info: Info = {
      name: 'cliquet',
      version: version,
      protocol: 1,
      time: Math.floor(Date.now() / 1000),
      channels: c.var.services.channels.map(({ kind }) => kind),
      limits: {
        bodyBytes: maxBodyBytes,
        sendBytes: maxSendBytes,
        recipients: maxRecipients,
        keyPackages: maxKeyPackages,
        messageTtlSeconds,
      },
    };
    return c.json(info);
  });
}
