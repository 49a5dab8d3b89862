// Builds the web client once, before the tests: every relay serves it.

import { buildWeb } from '../../client/web/build.ts';

export default async function setup(): Promise<void> {
  await buildWeb();
}
