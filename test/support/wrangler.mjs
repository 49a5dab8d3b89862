// Stands in for wrangler where there is no account: `account.json` in its folder is the account, and tells what was called.
// Its answers are those of wrangler 4.156, as far as worker/setup.ts reads them.

import { readFileSync, writeFileSync } from 'node:fs';

const path = 'account.json';
const account = JSON.parse(readFileSync(path, 'utf8'));
const args = process.argv.slice(2);
account.calls.push(args.join(' '));
const save = () => writeFileSync(path, JSON.stringify(account));
save();

const fail = (message) => {
  console.error(`✘ [ERROR] ${message}\n`);
  process.exit(1);
};
const worker = () => `cliquet-${args[args.indexOf('--env') + 1]}`;

if (args.join(' ').startsWith(account.failsAt ?? ' ')) fail('A request to the Cloudflare API failed.');
if (args[0] === 'whoami') {
  console.log(JSON.stringify({ loggedIn: account.loggedIn }));
  process.exit(account.loggedIn ? 0 : 1);
}
if (!account.loggedIn) fail('In a non-interactive environment, it is necessary to set a CLOUDFLARE_API_TOKEN.');
switch (args.slice(0, 3).join(' ')) {
  case 'kv namespace list':
    console.log(JSON.stringify(account.namespaces));
    break;
  case 'kv namespace create': {
    if (account.namespaces.some(({ title }) => title === args[3]))
      fail('A KV namespace with this title already exists.');
    const id = String(account.namespaces.length + 1).padStart(32, 'a');
    account.namespaces.push({ id, title: args[3] });
    save();
    console.log(`🌀 Creating namespace with title "${args[3]}"\n✨ Success!`);
    break;
  }
  case 'secret list --env': {
    const secrets = account.secrets[worker()];
    if (secrets === undefined) fail(`Worker "${worker()}" (env: ${args[3]}) not found.`);
    console.log(
      JSON.stringify(
        Object.keys(secrets).map((name) => ({ name, type: 'secret_text' })),
        null,
        2,
      ),
    );
    break;
  }
  case 'secret bulk --env':
    account.secrets[worker()] = { ...account.secrets[worker()], ...JSON.parse(readFileSync(0, 'utf8')) };
    save();
    console.log('✨ 3 secrets successfully created');
    break;
  default:
    fail(`Unknown arguments: ${args.join(' ')}`);
}
