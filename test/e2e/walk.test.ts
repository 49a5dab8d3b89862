// A stranger's walk through README.md and docs/OPERATIONS.md: every command that stands in a block there is run as it stands,
// but for ports and folders of the test's own; or it is said here why it cannot be. A command that is not known here fails.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Person } from '../support/command.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Line } from '../support/shell.ts';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '../..');

/** The commands of all blocks of a document, without comments. */
function commandsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/```sh\n([^`]*)```/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');
}

const account = 'it needs an account at Cloudflare';
/** Commands that are not run here, and why. */
const cannot: Readonly<Record<string, string>> = {
  'npm test': 'this is a part of it',
  'npm ci': 'the tests run in what it has installed',
  'npm run web': 'npm start does it',
  'npm run dry-run': '.ci/run runs it',
  'npx wrangler login': account,
  'npx wrangler deploy --env production': account,
  'npx wrangler secret bulk ticket-keys.env --env production': account,
  'npx wrangler secret delete TICKET_KEY_PREVIOUS --env production': account,
};

const walked = new Set<string>();
const lines: Line[] = [];
const people: Person[] = [];
afterEach(() => {
  for (const line of lines.splice(0)) line.kill();
  for (const person of people.splice(0)) person.end();
});

/** Runs a command of a document. @param changes  what is of the test's own, in place of what stands there */
function walk(
  command: string,
  env: Readonly<Record<string, string>> = {},
  changes: readonly [string, string][] = [],
): Line {
  walked.add(command);
  const line = new Line(
    changes.reduce((text, [from, to]) => text.replace(from, to), command),
    env,
  );
  lines.push(line);
  return line;
}

async function codeFor(url: string, address: string): Promise<string> {
  const read = async () => {
    const response = await fetch(`${url}/dev/inbox?address=${encodeURIComponent(address)}`);
    const { codes } = (await response.json()) as { codes: { code: string }[] };
    return codes[0]?.code;
  };
  return until(read);
}

test('README.md: the relay, and the command line', { timeout: 300_000 }, async () => {
  const relay = walk('npm start', { PORT: '0', STATE: temporaryFolder() });
  const [, url = ''] = await relay.says(/Open in a browser: +(\S+).*Ctrl\+C/s);
  expect((await fetch(url)).headers.get('content-type')).toContain('text/html');

  const someone = (name: string) => {
    const person = new Person(name, { url });
    people.push(person);
    return person;
  };
  const [you, bob, carol] = [someone('you'), someone('bob'), someone('carol')];
  const asRelay = { url, inbox: (address: string) => codeFor(url, address) } as Parameters<Person['register']>[0];
  await Promise.all([bob.register(asRelay), carol.register(asRelay)]);
  const env = { ...you.env };

  const registering = walk('npx cliquet register you@example.org', env);
  registering.type(`${await codeFor(url, 'you@example.org')}\n`);
  await registering.ends();
  const invite = /cliquet:\S+/.exec(await walk('npx cliquet invite', env).ends())?.[0] ?? '';
  await bob.do('contacts', 'add', invite, '--name', 'You');
  const inviteOf = async (person: Person) => /cliquet:\S+/.exec(await person.do('invite'))?.[0] ?? '';
  await walk(`npx cliquet contacts add 'cliquet:…' --name Bob`, env, [['cliquet:…', await inviteOf(bob)]]).ends();
  await walk('npx cliquet group create Holidays Bob', env).ends();
  await walk('npx cliquet send Holidays hello', env).ends();
  const hearing = bob.start('listen');
  await hearing.line('hello');
  await hearing.stop();
  await bob.do('send', 'Holidays', 'hello yourself');
  const listening = walk('npx cliquet listen', env);
  await listening.says(/hello yourself/);
  await listening.stop();
  await you.do('contacts', 'add', await inviteOf(carol), '--name', 'Carol');
  await walk('npx cliquet group add Holidays Carol', env).ends();
  // He has not asked.
  const readmitted = walk('npx cliquet group readmit Holidays Bob', env);
  expect(await readmitted.ends(1)).not.toContain('    at ');

  const only = '--only "refusals: "';
  for (const command of [
    'npm run conformance -- --url http://localhost:9000',
    'npm run conformance -- --host deno',
    'npm run conformance -- --help',
  ]) {
    const line = walk(command, {}, [
      ['http://localhost:9000', `${url} ${only}`],
      ['--host deno', `--host deno ${only}`],
    ]);
    expect(await line.ends()).toMatch(
      command.endsWith('--help') ? /--codes COMMAND/ : /conformance: \d+ passed, 0 failed/,
    );
  }
  await relay.stop();
});

test('README.md, docs/OPERATIONS.md: a relay of one’s own', { timeout: 300_000 }, async () => {
  const folder = temporaryFolder();
  const deno: Readonly<Record<string, string>> = { DENO_DIR: join(root, '.build/deno'), DENO_NO_UPDATE_CHECK: '1' };
  // Else Deno would write a lock file into the checkout.
  const locked: [string, string] = ['deno run', 'deno run --no-lock'];
  const running = async (line: Line) => {
    const [, url = ''] = await line.says(/is running at (\S+)/);
    const health = await fetch(`${url}/v1/health`);
    return { url, health: (await health.json()) as object, status: health.status };
  };

  const served = walk('npm run serve -- --dev', { PORT: '0', STATE: join(folder, 'served') });
  const { url, health } = await running(served);
  expect(health).toMatchObject({ status: 'ok', details: { scope: 'relay', failing: [] } });
  expect((await fetch(url)).headers.get('content-type')).toContain('text/html');
  await served.stop();

  const tried = walk('deno run -A worker/deno.ts --dev', { ...deno, PORT: '0', STATE: join(folder, 'tried') }, [
    locked,
  ]);
  await running(tried);
  await tried.stop();

  const file = join(folder, 'relay.env');
  const here: [string, string] = ['relay.env', file];
  await walk('deno run -A worker/deno.ts --new-config > relay.env', deno, [locked, here]).ends();
  const own = { HOSTS: '127.0.0.1,localhost', STATE: join(folder, 'own'), PORT: '0' };
  const sending = { EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' };
  const token = 'A'.repeat(43);
  const env = { ...deno, ...own, ...sending, HEALTH_TOKEN: token };
  const real = walk('deno run -A worker/deno.ts --config relay.env', env, [locked, here]);
  const { url: realUrl, health: told } = await running(real);
  expect(told).toEqual({ status: 'ok' });
  for (const command of [
    'curl https://relay.example.org/v1/health',
    'curl -H "Authorization: Bearer $HEALTH_TOKEN" https://relay.example.org/v1/health',
  ]) {
    walked.add(command);
    const headers: Record<string, string> = command.includes('Bearer') ? { authorization: `Bearer ${token}` } : {};
    const answer = await (await fetch(`${realUrl}/v1/health`, { headers })).json();
    expect('details' in (answer as object)).toBe(command.includes('Bearer'));
  }
  await real.stop();
});

test('docs/OPERATIONS.md: what a new account needs', { timeout: 60_000 }, async () => {
  const home = temporaryFolder();
  const env = { HOME: home, XDG_CONFIG_HOME: home, CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };
  const said = await walk('npm run setup -- --env production', env).ends(1);
  expect(said).toContain('Nobody is logged in at Cloudflare. Run: npx wrangler login');
});

test('no command of README.md and docs/OPERATIONS.md was left out', () => {
  const commands = [...commandsOf('README.md'), ...commandsOf('docs/OPERATIONS.md')];
  expect(commands.length).toBeGreaterThan(20);
  const unknown = commands.filter((command) => !walked.has(command) && !(command in cannot));
  // Counters are asked for at Cloudflare.
  expect(unknown.filter((command) => !command.startsWith('curl "https://api.cloudflare.com/'))).toEqual([]);
  expect([...walked, ...Object.keys(cannot)].filter((command) => !commands.includes(command))).toEqual([]);
});
