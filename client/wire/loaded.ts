// Parts of the library that are loaded when they are wanted. A page gets them from its server, which it may not reach.

import { CliquetError } from './errors.ts';

/**
 * @param part  what `import()` has given
 * @throws CliquetError `not-loaded` if it does not come. Nothing of that is remembered here, but browsers may: Chromium 153
 *   asks the server again only when the page is loaded again
 */
export async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (error) {
    throw new CliquetError('not-loaded', undefined, { cause: error });
  }
}
