// The relay on one's own machine, durable on its disk: the same routes and objects as on Cloudflare, under Deno or Node.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDisk, webFolder } from './disk/bindings.ts';
import { type Configuration, newConfiguration, readConfiguration } from './disk/configuration.ts';
import { type ServerSettings, startServer } from './disk/server.ts';
import { getServices } from './services.ts';
import { ConfigurationError } from './settings.ts';

/** What is not done then goes on at the next start. */
const settleTimeoutMs = 5_000;

const usage = `deno run -A worker/deno.ts [--config FILE] [--dev]      (or: node worker/deno.ts …)

Runs the relay on this machine until it is told to stop (SIGTERM, or Ctrl+C).

  --dev           for trying it out: known secrets, and codes shown at /dev/inbox instead of being sent
  --config FILE   lines NAME=value; what stands in the environment goes before them
  --new-config    prints such a file with new secrets
  --help          this

Names: HOSTS, STATE, LISTEN, PORT, TLS_CERT, TLS_KEY, ADDRESS_HEADER, MAX_CONNECTIONS, ALLOWED_ORIGINS, PEPPER,
FILTER_KEY, TICKET_KEY; docs/OPERATIONS.md says what each is for.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      dev: { type: 'boolean', default: false },
      'new-config': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  if (values['new-config']) return console.log(newConfiguration().trimEnd());
  const environment = values.dev ? { ...process.env, ENVIRONMENT: 'development' } : process.env;
  await run(readConfiguration(environment, values.config ?? null));
}

async function run({ server: settings, stateFolder, strangersPerMinute, variables }: Configuration): Promise<void> {
  // What it keeps is for nobody else on this machine.
  process.umask(0o077);
  // Nor does it end because its log finds no room or no reader.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.resolve());
  const disk = openDisk(stateFolder, strangersPerMinute);
  const bindings = { ...variables, ...disk.bindings };
  disk.objects.use(getServices(bindings));
  const server = await startServer(disk.objects, bindings, settings).catch((error) => {
    throw listenError(error, settings);
  });
  const scheme = settings.tls ? 'https' : 'http';
  const isBuilt = existsSync(join(webFolder, 'index.html'));
  const web = isBuilt ? 'The web client is there too.' : 'For the web client there, run once: npm run web';
  console.error(`The relay is running at ${scheme}://${hostOf(settings.hostname)}:${server.port}\n${web}`);
  const replayed = disk.objects.replayAlarms();
  await stopped.promise;
  console.error('The relay is stopping.');
  await server.stop();
  await disk.objects.settle(settleTimeoutMs);
  disk.close();
  await replayed;
}

const hostOf = (hostname: string) => (hostname.includes(':') ? `[${hostname}]` : hostname);

function listenError(error: unknown, { hostname, port }: ServerSettings): unknown {
  const { code } = error as { readonly code?: unknown };
  const noAddress = `${hostname} is no address of this machine. Set LISTEN to one that is, or to :: for all.`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is already in use. Stop what uses it, or set PORT to another one.`,
    EACCES: `Port ${port} may not be used by this user. Set PORT to one from 1024 on.`,
    EADDRNOTAVAIL: noAddress,
    ENOTFOUND: noAddress,
  };
  return typeof code === 'string' && code in reasons ? new ConfigurationError(reasons[code]) : error;
}

try {
  await main();
} catch (error) {
  const { code } = error as { readonly code?: unknown };
  const isUsage = typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
  if (isUsage) console.error(`${(error as Error).message}\n--help says what there is.`);
  else console.error(error instanceof ConfigurationError ? error.message : error);
  process.exitCode = isUsage ? 2 : 1;
}
