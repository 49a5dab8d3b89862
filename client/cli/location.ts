// Where the store stands if nobody says so: in the folder for programs' data of the system.

import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the path of the store: CLIQUET_STORE, or `cliquet/store.db` in the user's data folder */
export function defaultStore(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  return env.CLIQUET_STORE || join(dataFolder(env, platform, home), 'store.db');
}

function dataFolder(env: Environment, platform: NodeJS.Platform, home: string): string {
  if (env.XDG_DATA_HOME) return join(env.XDG_DATA_HOME, 'cliquet');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Cliquet');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Cliquet');
  return join(home, '.local', 'share', 'cliquet');
}

/** A path as a person would write it: ~ for the home folder. */
export function shortPath(path: string, home: string = homedir()): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
