import { expect, test } from 'vitest';
import { mediaTypeOf } from '../../../client/cli/media-type.ts';

test('mediaTypeOf() goes by the end of the name', () => {
  expect(['a/b/map.PNG', 'x.tar.gz', 'notes', '.png', 'a.constructor', 'x.jpeg'].map(mediaTypeOf)).toEqual([
    'image/png',
    'application/gzip',
    'application/octet-stream',
    'application/octet-stream',
    'application/octet-stream',
    'image/jpeg',
  ]);
});
