// The relay on one's own machine: real workerd under `wrangler dev`, as a child of this Node process.
// `node worker/local.ts` is `npm start`; tests and the demo call startLocalRelay().

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const defaultPort = 8787;
const startTimeoutMs = 90_000;
const stopTimeoutMs = 5_000;
/** Characters of the last output that are kept to explain a failed start. */
const maxOutput = 10_000;

/**
 * Loaded into the child: its standard input ends when this process does, however that happens, and then the whole
 * group goes. An exit handler would not run after a signal.
 */
const dieWithParent = `data:text/javascript,${encodeURIComponent(
  `process.stdin.resume().on('end', () => process.kill(0, 'SIGKILL'));`,
)}`;

export interface LocalRelayOptions {
  /** 0 finds a free one. */
  readonly port: number;
  /** Where objects and the filter are kept. */
  readonly stateFolder: string;
  /** Paths of a PEM key and certificate: then the relay speaks TLS. */
  readonly https?: { readonly key: string; readonly cert: string };
  /** Another wrangler.toml than the relay's. Its worker must answer /v1/info. */
  readonly config?: string;
  /** Arguments of Node that start it on this port in another way than `wrangler dev` does. */
  readonly startWith?: (port: number) => readonly string[];
  /** Variables of the Worker, over those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Keeps the relay's log lines off standard error. */
  readonly quiet?: boolean;
  /** Gets each line of the relay's log instead. */
  readonly onLog?: (line: string) => void;
}

export interface LocalRelay {
  readonly url: string;
  readonly port: number;
  /** The process group of everything that belongs to it. */
  readonly processGroup: number;
  /** Ends every process of the relay; done when none is left. */
  stop(): Promise<void>;
  /** Ends them without warning, as a power cut would. */
  kill(): Promise<void>;
  /** Settles when the relay has ended, by itself or not. */
  readonly ended: Promise<void>;
}

/** A relay that could not be started; the message says why, for people. */
export class LocalRelayError extends Error {
  override readonly name = 'LocalRelayError';
}

/**
 * Starts the relay of this checkout.
 * @returns once it answers
 * @throws LocalRelayError
 */
export async function startLocalRelay(options: LocalRelayOptions): Promise<LocalRelay> {
  const port = await choosePort(options.port);
  // Wrangler does not start without it; who wants the web client has built it before.
  mkdirSync(join(checkout, '.build/web'), { recursive: true });
  const url = `${options.https ? 'https' : 'http'}://localhost:${port}`;
  const args = options.startWith?.(port) ?? wranglerArguments(options, port);
  const child = spawn(process.execPath, ['--import', dieWithParent, ...args], {
    cwd: checkout,
    // A process group of its own, so that workerd goes with it whatever happens to wrangler.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      // Both would write every URL and log line to the state folder.
      X_LOCAL_OBSERVABILITY: 'false',
      X_LOCAL_EXPLORER: 'false',
      CI: 'true',
      NO_COLOR: '1',
    },
  });
  const ended = once(child, 'close').then(() => undefined);
  const output = collectOutput(child, options.onLog ?? (options.quiet ? () => undefined : console.error));
  const killNow = () => signalGroup(child, 'SIGKILL');
  process.once('exit', killNow);

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    signalGroup(child, signal);
    const timer = setTimeout(killNow, stopTimeoutMs);
    await ended;
    clearTimeout(timer);
    // Wrangler has ended; what it may have left of its group goes too.
    killNow();
    // The system lets go of the port a moment after the last process: who starts the next relay finds it free.
    const deadline = Date.now() + stopTimeoutMs;
    while (!(await isFree(port)) && Date.now() < deadline) await new Promise((wake) => setTimeout(wake, 20));
    process.off('exit', killNow);
  };
  const relay = {
    url,
    port,
    processGroup: child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ended,
  };
  try {
    await untilAnswering(child, port, options.https !== undefined);
  } catch (error) {
    await relay.kill();
    throw new LocalRelayError(`The relay did not start.\n${output()}`, { cause: error });
  }
  return relay;
}

function wranglerArguments({ stateFolder, https, vars = {}, config }: LocalRelayOptions, port: number): string[] {
  return [
    join(dirname(require.resolve('wrangler/package.json')), 'bin/wrangler.js'),
    ...['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
    ...['--persist-to', resolve(stateFolder), '--show-interactive-dev-session=false'],
    ...(https ? ['--local-protocol', 'https', '--https-key-path', https.key, '--https-cert-path', https.cert] : []),
    ...(config ? ['--config', resolve(config)] : []),
    ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ];
}

/** Keeps the last output, to be shown if the start fails; passes the relay's own log lines on. */
function collectOutput(child: ChildProcess, onLog: (line: string) => void): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      output = `${output}${line}\n`.slice(-maxOutput);
      if (line.startsWith('{"event"')) onLog(line);
    });
  }
  return () => output;
}

/** @throws if the child ends or the time is over first */
async function untilAnswering(child: ChildProcess, port: number, https: boolean): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('wrangler ended');
    if (await answers(port, https)) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`no answer after ${startTimeoutMs / 1000} s`);
}

/** Whether /v1/info answers. The certificate is not looked at: this only asks whether the port is alive. */
async function answers(port: number, https: boolean): Promise<boolean> {
  const { request } = await import(https ? 'node:https' : 'node:http');
  return new Promise((settle) => {
    const options = { host: '127.0.0.1', port, path: '/v1/info', rejectUnauthorized: false, timeout: 5000 };
    const attempt = request(options, (response: { statusCode?: number; resume(): void }) => {
      response.resume();
      settle(response.statusCode === 200);
    });
    attempt.on('error', () => settle(false));
    attempt.on('timeout', () => attempt.destroy());
    attempt.end();
  });
}

/** The port itself if nobody listens there, a free one for 0. @throws LocalRelayError */
export async function choosePort(port: number): Promise<number> {
  if (port !== 0) {
    if (await isFree(port)) return port;
    throw new LocalRelayError(
      `Port ${port} is already in use. Stop what uses it, or choose another one: PORT=8788 npm start`,
    );
  }
  // Below the range from which systems give out ports, so that nobody is given this one before the relay has it,
  // or between two of its lives.
  for (;;) {
    const candidate = randomInt(10_000, 30_000);
    if (await isFree(candidate)) return candidate;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left to be told.
  }
}

async function main(): Promise<void> {
  const port = Number(process.env.PORT ?? defaultPort);
  const stateFolder = resolve(checkout, process.env.STATE ?? '.state');
  console.log('Starting the relay …');
  const relay = await startLocalRelay({ port, stateFolder });
  console.log(`
  The relay is running.
  Open in a browser:             ${relay.url}
  Codes are not sent but shown:  ${relay.url}/dev/inbox
  Its routes, for programs:      ${relay.url}/v1/openapi.json
  What it keeps is in            ${relative(process.cwd(), stateFolder)}/  (delete the folder to start afresh)

  Or, in another terminal:       npm run demo
  Stop it with Ctrl+C.
`);
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping = true;
      void relay.stop().then(() => console.log('The relay has stopped.'));
    });
  }
  await relay.ended;
  if (!stopping) throw new LocalRelayError('The relay ended by itself; start it again with: npm start');
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(error instanceof LocalRelayError ? error.message : error);
    process.exitCode = 1;
  });
}
