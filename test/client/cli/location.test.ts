import { expect, test } from 'vitest';
import { defaultStore, shortPath } from '../../../client/cli/location.ts';

test('defaultStore() follows the conventions of the system', () => {
  expect(defaultStore({}, 'linux', '/home/b')).toBe('/home/b/.local/share/cliquet/store.db');
  expect(defaultStore({ XDG_DATA_HOME: '/data' }, 'linux', '/home/b')).toBe('/data/cliquet/store.db');
  expect(defaultStore({}, 'darwin', '/Users/b')).toBe('/Users/b/Library/Application Support/Cliquet/store.db');
  expect(defaultStore({ LOCALAPPDATA: '/local' }, 'win32', '/home/b')).toBe('/local/Cliquet/store.db');
});

test('defaultStore() is what CLIQUET_STORE says', () => {
  expect(defaultStore({ CLIQUET_STORE: '/x/y.db', XDG_DATA_HOME: '/data' }, 'linux', '/home/b')).toBe('/x/y.db');
  expect(defaultStore({ CLIQUET_STORE: '' }, 'linux', '/home/b')).toBe('/home/b/.local/share/cliquet/store.db');
});

test('shortPath() writes ~ for the home folder', () => {
  expect(shortPath('/home/b/x', '/home/b')).toBe('~/x');
  expect(shortPath('/home/bob/x', '/home/b')).toBe('/home/bob/x');
});
