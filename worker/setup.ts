// `npm run setup`: makes what a relay needs of a Cloudflare account, by calling wrangler: a KV namespace for the filter, and
// secrets. Each step is said before it is done, and what is there already is left as it is; so it may be run again, also
// after it was interrupted.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, parseEnv } from 'node:util';
import { ConfigurationError, readSettings, secretNames } from './settings.ts';

const environments = ['staging', 'production'];

const usage = `npm run setup -- --env ${environments.join('|')} [--yes]

Makes what the relay needs of your Cloudflare account, and says each step before it does it:

  1. a KV namespace for the filter, if there is none, and its id in wrangler.toml
  2. the secrets ${secretNames.join(', ')}, if they are not set

What is there already is left as it is: no secret is ever overwritten. New secrets are written to .secrets/ENVIRONMENT.env
first, for you to keep: Cloudflare shows them to nobody again. It deploys nothing. Log in before: npx wrangler login

  --env NAME   which environment of wrangler.toml
  --yes        asks nothing
  --help       this`;

/** Something that a person has to put right; the message says how. */
export class SetupError extends Error {}

export interface SetupOptions {
  readonly environment: string;
  /** Where wrangler.toml is. */
  readonly folder: string;
  /** The command that is wrangler. */
  readonly wrangler: readonly string[];
  readonly say: (line: string) => void;
  /** Whether to do what was just said. */
  readonly confirm: () => Promise<boolean>;
}

/** Of wrangler.toml, what is looked at. */
interface Config {
  readonly name?: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly kv_namespaces: readonly { readonly binding: string; readonly id?: string }[];
  readonly send_email: readonly { readonly name: string }[];
}

interface Namespace {
  readonly id: string;
  readonly title: string;
}

/** @throws SetupError */
export async function setUp(options: SetupOptions): Promise<void> {
  const { environment, folder, say } = options;
  if (!environments.includes(environment)) {
    throw new SetupError(
      `There is no environment "${environment}" to set up; name one with --env ${environments.join(' or --env ')}.`,
    );
  }
  checkLogin(options);
  await setUpNamespace(options);
  const secrets = await setUpSecrets(options);
  const { vars, send_email } = await readConfig(options);
  const bound = Object.fromEntries(send_email.map(({ name }) => [name, { send: () => undefined }]));
  // Whether a secret is what it should be, nobody can see here.
  const complaints = complaintsOf({ ...vars, ...bound, ...secrets }).filter(
    (sentence) => !Object.hasOwn(secrets, sentence.split(' ', 1)[0] ?? ''),
  );
  if (complaints.length > 0)
    say(
      `The relay will serve nothing yet. In ${relative(process.cwd(), join(folder, 'wrangler.toml'))}, or as secrets:`,
    );
  for (const complaint of complaints) say(`  ${complaint}`);
  say(`${complaints.length > 0 ? 'Then' : 'All is there. Now'} deploy it: npx wrangler deploy --env ${environment}`);
}

function checkLogin(options: SetupOptions): void {
  if (run(options, ['whoami', '--json']).status === 0) return;
  throw new SetupError(
    'Nobody is logged in at Cloudflare. Run: npx wrangler login (or set CLOUDFLARE_API_TOKEN), and then this again.',
  );
}

// 1. The KV namespace.

async function setUpNamespace(options: SetupOptions): Promise<void> {
  const { name, kv_namespaces, vars } = await readConfig(options);
  const written = kv_namespaces.find(({ binding }) => binding === 'FILTER')?.id;
  const title = `${name}-filter`;
  const namespaces = listNamespaces(options);
  if (written !== undefined && namespaces.some(({ id }) => id === written)) {
    options.say('The KV namespace that wrangler.toml names is there.');
    return;
  }
  if (written !== undefined && /^[0-9a-f]{32}$/.test(written)) {
    throw new SetupError(
      `wrangler.toml names the KV namespace ${written}, which this account does not have. Log in to the account that has it, or take the id out of wrangler.toml to get a new one.`,
    );
  }
  if (written !== undefined) options.say(`The id of the KV namespace in wrangler.toml is a placeholder.`);
  let known = namespaces.find((each) => each.title === title);
  if (known === undefined) {
    const { JURISDICTION: jurisdiction } = vars;
    const within = typeof jurisdiction === 'string' ? ['--jurisdiction', jurisdiction] : [];
    await step(options, `Making the KV namespace ${title}${within.length > 0 ? ` within ${jurisdiction}` : ''} …`);
    // Without --env, which would go before the title.
    call(options, ['kv', 'namespace', 'create', title, '--update-config=false', ...within]);
    known = listNamespaces(options).find((each) => each.title === title);
  }
  if (known === undefined)
    throw new SetupError(
      `wrangler has made no KV namespace ${title}. Make one: npx wrangler kv namespace create ${title}`,
    );
  await step(options, `Writing the id of the KV namespace ${title} to wrangler.toml …`);
  writeNamespace(options, known.id);
}

function listNamespaces(options: SetupOptions): Namespace[] {
  return parseJson(call(options, ['kv', 'namespace', 'list'])) as Namespace[];
}

function writeNamespace({ folder, environment }: SetupOptions, id: string): void {
  const path = join(folder, 'wrangler.toml');
  const [before, section, after] = splitSection(readFileSync(path, 'utf8'), environment);
  const binding = /\{\s*binding\s*=\s*"FILTER"[^}]*\}/;
  if (!binding.test(section)) {
    throw new SetupError(
      `wrangler.toml has no kv_namespaces for ${environment} that could be completed. Write there: { binding = "FILTER", id = "${id}" }`,
    );
  }
  writeFileSync(path, before + section.replace(binding, `{ binding = "FILTER", id = "${id}" }`) + after);
}

/** What stands before `[env.NAME]`, what belongs to it, and the rest. */
function splitSection(text: string, environment: string): [string, string, string] {
  const start = text.indexOf(`[env.${environment}]`);
  if (start === -1) throw new SetupError(`wrangler.toml has no [env.${environment}].`);
  const others = [...text.matchAll(/^\[/gm)].map(({ index }) => index).filter((index) => index > start);
  const end = others.find((index) => !text.startsWith(`[env.${environment}.`, index)) ?? text.length;
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

// 2. Secrets.

/** @returns all that are set then, by name, with something in place of their values */
async function setUpSecrets(options: SetupOptions): Promise<Record<string, string>> {
  const { environment, folder } = options;
  const set = listSecrets(options);
  const missing = secretNames.filter((name) => !set.includes(name));
  if (missing.length === 0) options.say(`The secrets ${secretNames.join(', ')} are set.`);
  else {
    const path = join(folder, '.secrets', `${environment}.env`);
    const kept = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
    const lost = ['PEPPER', 'FILTER_KEY'].find((name) => missing.includes(name) && kept[name] === undefined);
    if (lost !== undefined && missing.length < secretNames.length) {
      throw new SetupError(
        `${lost} is not set although other secrets are: this relay has had one, and finds nobody under another. Put it back: npx wrangler secret put ${lost} --env ${environment}. If it never served anybody, delete the others first.`,
      );
    }
    const fresh = missing.filter((name) => kept[name] === undefined);
    const shown = relative(process.cwd(), path);
    const broken = missing.find((name) => !fresh.includes(name) && !/^[\w-]{43}$/.test(kept[name] ?? ''));
    if (broken !== undefined) {
      throw new SetupError(
        `${broken} in ${shown} is not 32 bytes in base64url. Put it right; or delete its line, to get a new one, if no relay has used it.`,
      );
    }
    if (fresh.length > 0) {
      await step(
        options,
        `Writing new secrets ${fresh.join(', ')} to ${shown}; keep that file, and show it to nobody …`,
      );
      const lines = fresh.map((name) => `${name}=${randomBytes(32).toString('base64url')}\n`);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // What is there may not end its line.
      writeFileSync(path, `${existsSync(path) ? '\n' : ''}${lines.join('')}`, { flag: 'a', mode: 0o600 });
    }
    const all = parseEnv(readFileSync(path, 'utf8'));
    await step(options, `Setting the secrets ${missing.join(', ')} from ${shown} …`);
    // Not as arguments, which every process of the machine may read.
    const values = JSON.stringify(Object.fromEntries(missing.map((name) => [name, all[name]])));
    call(options, ['secret', 'bulk', '--env', environment], values);
  }
  const standIn = randomBytes(32).toString('base64url');
  return Object.fromEntries([...set, ...missing].map((name) => [name, standIn]));
}

function listSecrets(options: SetupOptions): string[] {
  const { status, output, stdout } = run(options, ['secret', 'list', '--env', options.environment]);
  // Nothing was deployed yet.
  if (status !== 0 && /Worker "[^"]*".* not found/.test(output)) return [];
  if (status !== 0) throw wranglerError(output);
  return (parseJson(stdout) as { name: string }[]).map(({ name }) => name);
}

// Wrangler.

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  /** With what it has complained of. */
  readonly output: string;
}

function run({ wrangler: [command = '', ...before], folder }: SetupOptions, args: readonly string[], input = ''): Ran {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args], {
    cwd: folder,
    env,
    input,
    encoding: 'utf8',
  });
  if (error) throw new SetupError(`wrangler cannot be run (${error.name}). Run: npm ci`);
  return { status, stdout, output: `${stdout}${stderr}` };
}

/** @throws SetupError with what wrangler says */
function call(options: SetupOptions, args: readonly string[], input?: string): string {
  const { status, stdout, output } = run(options, args, input);
  if (status !== 0) throw wranglerError(output);
  return stdout;
}

function wranglerError(output: string): SetupError {
  const said = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('ERROR'));
  return new SetupError(`wrangler has failed:\n${said.length > 0 ? said.join('\n') : output.trim()}`);
}

/** Wrangler may say something before it. */
function parseJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  } catch {
    throw new SetupError(
      'wrangler has answered something unexpected. Run `npm ci`, which brings the version that this is for.',
    );
  }
}

async function readConfig({ folder, environment }: SetupOptions): Promise<Config> {
  // Takes seconds to load.
  const { unstable_readConfig } = await import('wrangler');
  return unstable_readConfig({ config: join(folder, 'wrangler.toml'), env: environment }, { hideWarnings: true });
}

function complaintsOf(variables: object): string[] {
  try {
    readSettings(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
}

async function step({ say, confirm }: SetupOptions, what: string): Promise<void> {
  say(what);
  if (!(await confirm())) throw new SetupError('Stopped. What was done stays; run it again to go on.');
}

async function ask(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new SetupError('Nobody can be asked here; add --yes to do it all.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y/i.test(await terminal.question('  Do it? [y/N] '));
  } finally {
    terminal.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { env: { type: 'string' }, yes: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help || values.env === undefined) {
    console.log(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js');
  await setUp({
    environment: values.env,
    folder: resolve(import.meta.dirname, '..'),
    wrangler: [process.execPath, wrangler],
    say: console.log,
    confirm: values.yes ? async () => true : ask,
  });
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    const { code } = error as { readonly code?: unknown };
    const isUsage = typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
    if (isUsage) console.error(`${(error as Error).message}\n--help says what there is.`);
    else console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = isUsage ? 2 : 1;
  });
}
