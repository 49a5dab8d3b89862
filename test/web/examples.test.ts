// docs/examples, as far as they go without a container and without systemd: what the image holds, and what Deno is allowed,
// is enough for the relay and its pages.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test, vi } from 'vitest';
import { bundleWeb } from '../../client/web/build.ts';
import { en } from '../../client/web/messages/en.ts';
import { launchChromium } from '../runtimes/chromium.ts';
import { deno } from '../runtimes/deno.ts';

vi.setConfig({ testTimeout: 120_000 });

const checkout = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cliquet-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = (name: string) => readFileSync(join(checkout, 'docs/examples', name), 'utf8');

/** Does what the COPY lines of a stage say. Of the packages there is only a link. */
function copyStage(stage: string, to: string, build: string): void {
  mkdirSync(to);
  for (const [, line = ''] of stage.matchAll(/^COPY (.+)$/gm)) {
    const isBuilt = line.startsWith('--from=build ');
    const [target = '', ...sources] = line.replace('--from=build ', '').split(' ').reverse();
    for (const source of sources.map((path) => path.replace(/^\/opt\/cliquet\//, ''))) {
      const place = join(to, target.endsWith('/') ? source : target);
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(isBuilt ? build : checkout, source), place, { recursive: true, verbatimSymlinks: true });
    }
  }
}

/** Runs Deno as it is said, with the example's folders elsewhere, until somebody has seen the pages. */
async function showsPages(args: readonly string[], cwd: string, state: string): Promise<void> {
  const own = args.map((arg) => arg.replaceAll('/opt/cliquet', cwd).replaceAll('/var/lib/cliquet', state));
  const run = { cwd, env: { PATH: process.env.PATH ?? '', ...deno.env } };
  const made = execFileSync(deno.command, [...own, '--new-config'], { ...run, encoding: 'utf8' });
  const secrets = Object.fromEntries([...made.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]));
  const channel = { EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' };
  const env = { ...run.env, ...secrets, ...channel, HOSTS: 'localhost', LISTEN: '::', PORT: '0', STATE: state };
  const child = spawn(deno.command, own, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const browser = await launchChromium();
  try {
    const [line] = await once(createInterface(child.stderr), 'line');
    const page = await browser.newPage();
    await page.goto(`http://localhost:${/:(\d+)$/.exec(String(line))?.[1]}`);
    await page.getByRole('heading', { name: en.welcome.title }).waitFor();
    // It has got each of the files by then.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  } finally {
    await browser.close();
    child.kill('SIGTERM');
  }
  expect(await once(child, 'exit')).toEqual([0, null]);
}

test('Containerfile: the image holds the web client as it is built here, and what the relay needs', async () => {
  const [, first = '', last = ''] = example('Containerfile').split(/^FROM /m);
  const [build, image] = [join(folder, 'build'), join(folder, 'image')];
  copyStage(first, build, '');
  expect(first).toContain('RUN npm ci');
  symlinkSync(join(checkout, 'node_modules'), join(build, 'node_modules'));
  expect(first).toContain('RUN node client/web/build.ts');
  execFileSync(process.execPath, ['client/web/build.ts'], { cwd: build });
  copyStage(last, image, build);
  // The service worker knows all files. Their bytes, and so their names, have to do with where they were built.
  const named = (script: Uint8Array | undefined) =>
    [
      ...Buffer.from(script ?? [])
        .toString()
        .matchAll(/"(\/[\w./-]*)":"/g),
    ]
      .map(([, path]) => path?.replace(/-[A-Z0-9]{8}(?=\.)/, ''))
      .sort();
  const { files } = await bundleWeb();
  const built = named(readFileSync(join(image, '.build/web/service-worker.js')));
  expect(built).toContain('/assets/main.js');
  expect(built).toEqual(named(files.get('/service-worker.js')));
  const args = JSON.parse(/^CMD (.+)$/m.exec(last)?.[1] ?? '') as string[];
  await showsPages(args, image, join(folder, 'image-state'));
});

test('cliquet.service: Deno is allowed what the relay needs', async () => {
  const [, command = ''] = /^ExecStart=\/usr\/bin\/deno (.+)$/m.exec(example('cliquet.service')) ?? [];
  await showsPages(command.split(' '), checkout, join(folder, 'service-state'));
});
