import type { Hono } from 'hono';
import { type Info, InfoSchema } from '../../client/wire/info.ts';
import {
  maxBodyBytes,
  maxKeyPackages,
  maxRecipients,
  maxSendBytes,
  messageTtlSeconds,
} from '../../client/wire/limits.ts';
import { routes } from '../../client/wire/routes.ts';
import type { App } from '../admission.ts';
import { type Contract, described } from '../contract.ts';
import { version } from '../version.ts';

const tell: Contract = {
  summary: 'What a client should know of a relay before anything else.',
  caller: 'anybody',
  answers: { 200: InfoSchema },
};

export function infoRoutes(app: Hono<App>): void {
  app.get(routes.info, described(tell), (c) => {
    const info: Info = {
      name: 'cliquet',
      version: version,
      protocol: 1,
      time: Math.floor(Date.now() / 1000),
      channels: c.var.services.delivery.kinds,
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
