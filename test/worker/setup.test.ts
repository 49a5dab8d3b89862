// `npm run setup` against a stand-in for wrangler that keeps an account in a file; and against wrangler itself, as far as one
// comes without an account.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SetupError, setUp } from '../../worker/setup.ts';
import { temporaryFolder } from '../support/folder.ts';
import { node } from '../support/runtime.ts';

const root = join(import.meta.dirname, '../..');
const standIn = join(root, 'test/support/wrangler.mjs');
const names = ['PEPPER', 'FILTER_KEY', 'TICKET_KEY'];

interface Account {
  loggedIn: boolean;
  namespaces: { id: string; title: string }[];
  secrets: Record<string, Record<string, string>>;
  calls: string[];
  /** The beginning of a call that fails. */
  failsAt?: string;
}

function checkout(account: Partial<Account> = {}, change = (toml: string) => toml) {
  const folder = temporaryFolder();
  const path = join(folder, 'account.json');
  const put = (changed: Partial<Account>) => writeFileSync(path, JSON.stringify({ ...read(), ...changed }));
  const read = (): Account => JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ loggedIn: true, namespaces: [], secrets: {}, calls: [], ...account }));
  copyFileSync(join(root, 'wrangler.toml'), join(folder, 'wrangler.toml'));
  const toml = () => readFileSync(join(folder, 'wrangler.toml'), 'utf8');
  writeFileSync(join(folder, 'wrangler.toml'), change(toml()));
  /** @param answers  to what is asked, in order; then yes */
  const run = async (environment = 'production', answers: boolean[] = []) => {
    const said: string[] = [];
    const confirm = async () => answers.shift() ?? true;
    const options = {
      environment,
      folder,
      wrangler: [process.execPath, standIn],
      say: (line: string) => said.push(line),
    };
    const error = await setUp({ ...options, confirm }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error !== null && !(error instanceof SetupError)) throw error;
    return { said: said.join('\n'), error: error?.message ?? null };
  };
  const kept = () => parseEnv(readFileSync(join(folder, '.secrets/production.env'), 'utf8'));
  return { folder, account: read, put, toml, run, kept };
}

describe('npm run setup', () => {
  test('makes a namespace and secrets, says so before, and what is left to do', async () => {
    const { folder, account, toml, run, kept } = checkout();
    const { said, error } = await run();
    expect(error).toBe(null);
    const [namespace] = account().namespaces;
    expect(namespace?.title).toBe('cliquet-production-filter');
    expect(toml()).toContain(`kv_namespaces = [{ binding = "FILTER", id = "${namespace?.id}" }]`);
    // Nothing else has changed, and no other environment.
    expect(toml().replace(`, id = "${namespace?.id}"`, '')).toBe(readFileSync(join(root, 'wrangler.toml'), 'utf8'));
    expect(Object.keys(kept()).sort()).toEqual([...names].sort());
    expect(account().secrets).toEqual({ 'cliquet-production': kept() });
    for (const value of Object.values(kept())) expect(value).toMatch(/^[\w-]{43}$/);
    expect(new Set(Object.values(kept())).size).toBe(3);
    expect(statSync(join(folder, '.secrets/production.env')).mode & 0o077).toBe(0);
    expect(said).toMatch(/Making the KV namespace.*Writing the id.*Writing new secrets.*Setting the secrets/s);
    expect(said).toContain('EMAIL_CHANNELS or PHONE_CHANNELS must name what codes are sent with');
    expect(said).toMatch(/npx wrangler deploy --env production$/);
    // No value of a secret stands in an argument, or on the screen.
    for (const value of Object.values(kept())) expect(`${said} ${account().calls.join(' ')}`).not.toContain(value);
  });

  test('changes nothing when it is run again', async () => {
    const { account, toml, run, kept } = checkout();
    await run();
    const before = [account().namespaces, account().secrets, toml(), kept()];
    const { said, error } = await run('production', [false]);
    expect(error).toBe(null);
    expect([account().namespaces, account().secrets, toml(), kept()]).toEqual(before);
    expect(said).toContain('is there');
    expect(said).toContain('are set');
  });

  test.each([
    ['kv namespace create', 0],
    ['secret bulk', 1],
  ])('goes on after `wrangler %s` has failed', async (failsAt, namespaces) => {
    const { account, put, run, kept } = checkout({ failsAt });
    expect((await run()).error).toMatch(/^wrangler has failed:\n.*A request to the Cloudflare API failed/);
    expect(account().namespaces).toHaveLength(namespaces);
    const early = namespaces === 1 ? kept() : null;
    put({ failsAt: 'nothing' });
    expect((await run()).error).toBe(null);
    expect(account().namespaces).toHaveLength(1);
    expect(account().secrets).toEqual({ 'cliquet-production': kept() });
    if (early !== null) expect(kept()).toEqual(early);
  });

  test('does nothing that was not allowed', async () => {
    const { account, run, folder } = checkout();
    expect(await run('production', [false])).toMatchObject({ error: expect.stringMatching(/^Stopped/) });
    expect(account()).toMatchObject({ namespaces: [], secrets: {} });
    expect(existsSync(join(folder, '.secrets'))).toBe(false);
    expect(account().calls.join()).not.toMatch(/create|bulk/);
  });

  test('never overwrites a secret, and never makes another PEPPER for a relay that has had one', async () => {
    const old = { PEPPER: 'old pepper', FILTER_KEY: 'old key' };
    const { account, put, run, kept } = checkout({ secrets: { 'cliquet-production': old } });
    expect((await run()).error).toBe(null);
    expect(account().secrets['cliquet-production']).toEqual({ ...old, TICKET_KEY: kept().TICKET_KEY });
    const { TICKET_KEY, FILTER_KEY } = account().secrets['cliquet-production'] ?? {};
    put({ secrets: { 'cliquet-production': { TICKET_KEY: TICKET_KEY ?? '', FILTER_KEY: FILTER_KEY ?? '' } } });
    expect((await run()).error).toMatch(/^PEPPER is not set although other secrets are/);
    expect(account().calls.filter((call) => call.startsWith('secret bulk'))).toHaveLength(1);
  });

  test('makes no other FILTER_KEY for a relay that has had one: nobody who is registered would be found', async () => {
    const old = { PEPPER: 'old pepper', TICKET_KEY: 'old key' };
    const { account, run } = checkout({ secrets: { 'cliquet-production': old } });
    expect((await run()).error).toMatch(/^FILTER_KEY is not set although other secrets are/);
    expect(account().secrets).toEqual({ 'cliquet-production': old });
  });

  test('sets no secret that the relay would refuse', async () => {
    const { account, folder, run } = checkout();
    mkdirSync(join(folder, '.secrets'));
    // As after a crash in the middle of a line.
    writeFileSync(join(folder, '.secrets/production.env'), 'PEPPER=AAAA');
    const { error } = await run();
    expect(error).toMatch(/^PEPPER in .*production\.env is not 32 bytes in base64url\./);
    expect(error).not.toContain('AAAA');
    expect(account().secrets).toEqual({});
  });

  test('takes secrets that were written down before, also without an end of their line', async () => {
    const { account, folder, run, kept } = checkout();
    const PEPPER = 'B'.repeat(43);
    mkdirSync(join(folder, '.secrets'));
    writeFileSync(join(folder, '.secrets/production.env'), `PEPPER=${PEPPER}`);
    expect((await run()).error).toBe(null);
    expect(account().secrets).toEqual({ 'cliquet-production': kept() });
    expect(kept()).toEqual({ PEPPER, ...Object.fromEntries(names.slice(1).map((name) => [name, kept()[name]])) });
  });

  test('complains of no secret, whose value it cannot see', async () => {
    const secrets = ['FILTER_KEY_PREVIOUS', 'FILTER_GENERATION', 'TWILIO_ACCOUNT', 'PHONE_CHANNELS', ...names];
    const set = Object.fromEntries(secrets.map((name) => [name, 'x']));
    const { run } = checkout({ secrets: { 'cliquet-production': set } });
    const { said, error } = await run();
    expect(error).toBe(null);
    for (const name of secrets.slice(0, 4)) expect(said).not.toContain(name);
  });

  test('recognises a placeholder for the id, and an id that the account does not have', async () => {
    const id = (text: string) => (toml: string) =>
      toml.replaceAll('{ binding = "FILTER" }', `{ binding = "FILTER", id = "${text}" }`);
    const placeholder = checkout({}, id('replace-with-the-id-of-your-namespace'));
    expect((await placeholder.run()).said).toContain('is a placeholder');
    expect(placeholder.toml()).toContain(`id = "${placeholder.account().namespaces[0]?.id}"`);
    expect(placeholder.toml()).toContain('[{ binding = "FILTER", id = "replace-with-the-id-of-your-namespace" }]');
    const foreign = checkout({}, id('0'.repeat(32)));
    expect((await foreign.run()).error).toMatch(/which this account does not have/);
  });

  test('takes a namespace that is there, and one within the jurisdiction of the objects', async () => {
    const namespaces = [{ id: 'b'.repeat(32), title: 'cliquet-staging-filter' }];
    const staging = checkout({ namespaces });
    expect((await staging.run('staging')).error).toBe(null);
    expect(staging.account().namespaces).toEqual(namespaces);
    const eu = checkout({}, (toml) => toml.replaceAll('ALLOWED_ORIGINS = ""', 'JURISDICTION = "eu"'));
    await eu.run();
    expect(eu.account().calls).toContain(
      'kv namespace create cliquet-production-filter --update-config=false --jurisdiction eu',
    );
  });

  test('says that nobody is logged in, and what there is', async () => {
    expect((await checkout({ loggedIn: false }).run()).error).toMatch(/^Nobody is logged in at Cloudflare. Run: npx/);
    expect((await checkout().run('development')).error).toMatch(/^There is no environment "development"/);
  });
});

describe('npm run setup, with wrangler itself', () => {
  const said = (...args: string[]) => {
    const env = {
      ...process.env,
      HOME: temporaryFolder(),
      XDG_CONFIG_HOME: temporaryFolder(),
      CLOUDFLARE_API_TOKEN: '',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    };
    const { stdout, stderr } = spawnSync(process.execPath, [...node.args, join(root, 'worker/setup.ts'), ...args], {
      env,
      encoding: 'utf8',
    });
    return { out: stdout, err: stderr };
  };

  test('says in plain words that nobody is logged in', () => {
    const { out, err } = said('--env', 'production', '--yes');
    expect(out).toBe('');
    expect(err.trim()).toBe(
      'Nobody is logged in at Cloudflare. Run: npx wrangler login (or set CLOUDFLARE_API_TOKEN), and then this again.',
    );
  });

  test('says what it does', () => {
    const { out } = said('--help');
    for (const word of ['--env', '--yes', 'KV namespace', ...names, 'no secret is ever overwritten']) {
      expect(out).toContain(word);
    }
    expect(said('--nonsense').err).toContain('--help');
  });
});
