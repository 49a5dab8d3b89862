// `npm start`, as its user meets it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';

const script = fileURLToPath(new URL('../../worker/local.ts', import.meta.url));

const started: ChildProcess[] = [];

function start(port: number, stateFolder: string) {
  const env = { ...process.env, PORT: String(port), STATE: stateFolder };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], { env });
  started.push(child);
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output.text += text));
  return { child, output, exit: once(child, 'exit').then(([code]) => code) };
}

/** The port that a relay told to find one says it has, once it says what to do next. */
async function portOf(output: { readonly text: string }): Promise<number> {
  await until(() => output.text.includes('Ctrl+C'));
  return Number(/http:\/\/localhost:(\d+)\/dev\/inbox/.exec(output.text)?.[1]);
}

const isListening = (port: number) =>
  fetch(`http://127.0.0.1:${port}/v1/info`).then(
    (response) => response.ok,
    () => false,
  );

// Also when an assertion has failed before its test could stop them.
afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

describe('worker/local.ts', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'says what to do next, and leaves nothing behind after %s',
    async (signal) => {
      const stateFolder = await mkdtemp(join(tmpdir(), 'cliquet-local-'));
      const { child, output, exit } = start(0, stateFolder);
      const port = await portOf(output);
      expect(output.text).toContain('npm run demo');
      expect(await isListening(port)).toBe(true);
      child.kill(signal);
      expect(await exit).toBe(0);
      expect(await isListening(port)).toBe(false);
      await rm(stateFolder, { recursive: true });
    },
  );

  test('leaves nothing behind when it is killed and can do nothing about it', async () => {
    const stateFolder = await mkdtemp(join(tmpdir(), 'cliquet-local-'));
    const { child, output, exit } = start(0, stateFolder);
    const port = await portOf(output);
    expect(await isListening(port)).toBe(true);
    child.kill('SIGKILL');
    await exit;
    await until(async () => !(await isListening(port)));
    await rm(stateFolder, { recursive: true });
  });

  test('says in one sentence that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { output, exit } = start(port, tmpdir());
    expect(await exit).toBe(1);
    expect(output.text).toContain(`Port ${port} is already in use.`);
    expect(output.text).not.toContain('    at ');
    server.close();
  });
});
