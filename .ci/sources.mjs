// In a clone, whoever imports 'cliquet' gets the sources as they are: what package.json exports in dist/ only leads there.
// `npm pack` puts what was compiled in its place while it packs (package.ts). Called whenever dependencies are looked at.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const files = Object.values(exports).flatMap((entry) =>
  Object.values(entry).map((path) => {
    const source = join('client', path.slice('./dist/'.length).replace(/\.(d\.ts|js)$/, '.ts'));
    const from = relative(dirname(path), source).replaceAll('\\', '/');
    return { path: join(root, path), text: `export * from '${from}';\n` };
  }),
);
const isDone = files.every(({ path, text }) => existsSync(path) && readFileSync(path, 'utf8') === text);
if (!isDone) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
