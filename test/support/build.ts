// Builds the web client and the Worker once, before the tests: every relay serves the one, and every workerd runs the other.

import { buildWeb } from '../../client/web/build.ts';
import { prepareWorker } from './workerd.ts';

export default async function setup(): Promise<void> {
  await buildWeb();
  await prepareWorker();
}
