// `wrangler deploy --dry-run` for every environment of wrangler.toml: it builds what would be deployed, without an account or
// a network. Whatever wrangler warns of fails.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js');
/** The top level of wrangler.toml has no name. */
const environments = { development: '', staging: 'staging', production: 'production' };
const bindings = ['MAILBOX', 'REGISTRAR', 'SHARD', 'FILTER', 'STRANGERS', 'ASSETS', 'EMAIL'];

let failed = false;
for (const [name, environment] of Object.entries(environments)) {
  const args = [wrangler, 'deploy', '--dry-run', '--env', environment, '--outdir', `.build/deploy/${name}`];
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  const output = `${stdout}${stderr}`;
  const missing = bindings.filter((binding) => !output.includes(`env.${binding} `));
  const isFine = status === 0 && !output.includes('WARNING') && missing.length === 0;
  if (isFine) {
    console.log(`deploy: ${name} would be deployed (${/gzip: [\d.]+ KiB/.exec(output)?.[0]})`);
    continue;
  }
  failed = true;
  const lack = missing.length > 0 ? `Not bound: ${missing.join(', ')}\n` : '';
  console.error(`deploy: ${name} would not be deployed as it should.\n${lack}${output}`);
}
if (failed) process.exitCode = 1;
