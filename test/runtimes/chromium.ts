// A real Chromium: the one that an npm package carries, or, where there is none for this machine, the Chrome that is
// installed on it. Without the sandbox that it cannot have as root, and without its own calls into the network.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

export type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';

const require = createRequire(import.meta.url);

const chromiumArgs: readonly string[] = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-default-browser-check'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-pings'],
];

/** Starts a browser; who starts it closes it. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const folder = chromiumFolder();
  return chromium.launch({
    ...(folder === null
      ? { channel: 'chrome' }
      : { executablePath: join(folder, 'chromium'), env: environmentIn(folder) }),
    args: [...chromiumArgs, ...args],
  });
}

/**
 * Starts a browser that keeps what its pages keep in a folder, and that can be killed.
 * @param folder  what a killed one has left, or a new one
 */
export async function startKeepingChromium(folder: string): Promise<KeepingChromium> {
  const own = chromiumFolder();
  const program = own === null ? await installedChrome() : join(own, 'chromium');
  const args = ['--headless', ...chromiumArgs, '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'];
  // A process group of its own: its renderers and its storage go with it.
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(own === null ? {} : { env: environmentIn(own) }),
  });
  const ended = once(child, 'exit');
  const killNow = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
  };
  process.once('exit', killNow);
  const address = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error('Chromium ended')));
  });
  const browser = await chromium.connectOverCDP(address);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('Chromium has no context');
  return {
    context,
    async kill() {
      process.off('exit', killNow);
      killNow();
      await ended;
    },
  };
}

export interface KeepingChromium {
  readonly context: BrowserContext;
  /** Ends every process of it as a power cut would. */
  kill(): Promise<void>;
}

async function installedChrome(): Promise<string> {
  const server = await chromium.launchServer({ channel: 'chrome' });
  const program = server.process().spawnfile;
  await server.close();
  return program;
}

/** The program with its libraries, unpacked when it is first asked for; null if the package has none for this machine. */
function chromiumFolder(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const entry = require.resolve('@sparticuz/chromium');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8'));
  const folder = join(import.meta.dirname, '../../.build', `chromium-${version}`);
  if (!existsSync(folder)) unpack(entry, folder);
  return folder;
}

/** What it finds its libraries by, and fonts where the machine has none. */
function environmentIn(folder: string): Record<string, string> {
  const env = { ...process.env, LD_LIBRARY_PATH: join(folder, 'al2023/lib') } as Record<string, string>;
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_FILE = join(folder, 'fonts.conf');
  return env;
}

/** Elsewhere first and moved when it is whole: several test files may want it at once. */
function unpack(entry: string, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  const libraries = join(dirname(entry), '../bin/al2023.tar.br');
  const script = `
    const { default: chromium, inflate } = await import(${JSON.stringify(entry)});
    await chromium.executablePath();
    await inflate(${JSON.stringify(libraries)});`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, TMPDIR: unfinished },
  });
  const dirs = [join(folder, 'fonts'), '/usr/share/fonts'].map((dir) => `<dir>${dir}</dir>`).join('');
  const cache = `<cachedir>${join(folder, 'fonts-cache')}</cachedir>`;
  writeFileSync(join(unfinished, 'fonts.conf'), `<?xml version="1.0"?><fontconfig>${dirs}${cache}</fontconfig>`);
  try {
    renameSync(unfinished, folder);
  } catch {
    // Another one was faster.
    rmSync(unfinished, { recursive: true, force: true });
  }
}
