// worker/deno.ts as its operator meets it, under Node and real Deno.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { createCertificate } from '../demo/certificate.ts';
import { runtimes } from '../support/disk-relay.ts';
import { RawConnection } from '../support/raw.ts';
import { startRelay } from '../support/relay.ts';
import { Client, jsonRequest, readProblem } from '../support/request.ts';
import { slow } from '../support/seeds.ts';
import { until } from '../support/until.ts';

const script = join(import.meta.dirname, '../../worker/deno.ts');
const folder = mkdtempSync(join(tmpdir(), 'cliquet-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const channel = { EMAIL_CHANNELS: 'resend', RESEND_KEY: 'x', MAIL_FROM: 'codes@example.org' };

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

let count = 0;
const newState = () => join(folder, `state-${++count}`);

for (const [name, { command, args, env }] of Object.entries(runtimes)) {
  const host = name as keyof typeof runtimes;
  const start = (options: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const child = spawn(command, [...args, script, ...options], {
      env: { PATH: process.env.PATH ?? '', ...env, ...variables },
    });
    children.push(child);
    const exit = once(child, 'close').then(([code]) => code as number);
    return { child, exit, out: text(child.stdout), err: text(child.stderr) };
  };
  const said = async (options: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const { exit, out, err } = start(options, variables);
    return { code: await exit, out: await out, err: await err };
  };

  describe(`worker/deno.ts on ${name}`, () => {
    test('says what it can do', async () => {
      const { code, out, err } = await said(['--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      for (const word of ['--dev', '--config FILE', '--new-config', 'HOSTS', 'TLS_CERT']) expect(out).toContain(word);
    });

    test('says all that is missing, and what is wrong, in a sentence each', async () => {
      const { code, out, err } = await said([]);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err.trim().split('\n')).toHaveLength(6);
      expect(err).toContain('HOSTS must say');
      const unknown = await said(['--nonsense']);
      expect(unknown).toMatchObject({ code: 2, out: '' });
      expect(unknown.err).toContain('--help');
      expect(unknown.err).not.toContain('    at ');
    });

    test('does not start without any one thing that it must be told, and says which', async () => {
      const whole = {
        ...parseEnv((await said(['--new-config'])).out),
        ...{ HOSTS: 'localhost', STATE: newState(), PORT: '0', ...channel },
      };
      const needed = ['HOSTS', 'STATE', 'PEPPER', 'FILTER_KEY', 'TICKET_KEY', ...Object.keys(channel)];
      await Promise.all(
        needed.map(async (lacking) => {
          const { code, out, err } = await said([], { ...whole, [lacking]: '' });
          expect({ code, out }).toEqual({ code: 1, out: '' });
          expect(new Set(err.trim().split('\n')).size).toBe(1);
          expect(err).toMatch(new RegExp(`^${lacking} `));
        }),
      );
    });

    test('runs with the configuration that it has made, once it is told its names and how to send codes', async () => {
      const file = join(folder, `${name}.env`);
      const { out } = await said(['--new-config']);
      const sending = Object.entries(channel).map(([key, value]) => `${key}=${value}\n`);
      const told = out.replace('HOSTS=', 'HOSTS=localhost').replace('STATE=', `STATE=${newState()}`);
      writeFileSync(file, told + sending.join(''));
      const { child, exit, err } = start(['--config', file], { PORT: '0' });
      child.stderr?.once('data', () => child.kill('SIGTERM'));
      expect(await exit).toBe(0);
      expect(await err).toMatch(
        /The relay is running at http:\/\/127\.0\.0\.1:\d+\nThe web client is there too\.\nThe relay is stopping\.\n$/,
      );
    });

    test('goes on when nobody takes its log any more', async () => {
      const { child, exit, out } = start(['--dev'], { PORT: '0', STATE: newState() });
      out.catch(() => undefined);
      const line = String((await once(child.stderr as Readable, 'data'))[0]);
      const [url = ''] = /http:\S+/.exec(line) ?? [];
      child.stdout?.destroy();
      for (let i = 0; i < 5; i++) expect((await fetch(url + routes.info)).status).toBe(200);
      child.kill('SIGTERM');
      expect(await exit).toBe(0);
    });

    test('says that the port, or the folder, is another’s', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const taken = await said(['--dev'], { PORT: String(port), STATE: newState() });
      expect(taken).toMatchObject({ code: 1, err: expect.stringContaining(`Port ${port} is already in use.`) });
      server.close();
      const nowhere = await said(['--dev'], { PORT: '0', LISTEN: 'nowhere.invalid', STATE: newState() });
      expect(nowhere).toMatchObject({ code: 1, err: expect.stringMatching(/^nowhere\.invalid is no address .*\n$/) });
      const relay = await startRelay({ host });
      const second = await said(['--dev'], { PORT: '0', STATE: relay.stateFolder });
      expect(second).toMatchObject({ code: 1, err: expect.stringContaining('Another relay is running on') });
      await relay.stop();
    });

    test('stops when it is told to: requests under way end, streams close, nothing is lost', async () => {
      const relay = await startRelay({ host, stateFolder: newState() });
      const [a, b] = [await Client.register(relay), await Client.register(relay)];
      const stream = await b.stream();
      await stream.take('drained');
      await a.send([b], encodeUtf8('hello'));
      // Those that are stopped while they hand on what they have taken say no failure.
      const others = await Promise.all(Array.from({ length: 20 }, () => Client.register(relay)));
      const sends = others.map((other) => other.send([a, ...others], encodeUtf8('hello')).catch(() => null));
      await sends[0];
      await relay.stop();
      expect(relay.logs.filter((line) => line.includes('failure'))).toEqual([]);
      expect(await stream.closeCode()).toBe(1001);
      const again = await startRelay({
        host,
        stateFolder: relay.stateFolder,
        port: Number(new URL(relay.url).port),
      });
      expect((await b.queue()).entries).toHaveLength(1);
      await again.stop();
      const open = readdirSync(relay.stateFolder, { recursive: true, encoding: 'utf8' });
      expect(open.filter((file) => /-(wal|shm|journal)$/.test(file))).toEqual([]);
    });

    test('on a full disk refuses what it cannot keep, and has all that it has accepted', async () => {
      // A file that may not grow is met as a full disk is: by a write that fails.
      const full = await startRelay({ host, stateFolder: newState(), shell: `trap '' XFSZ; ulimit -f 1024` });
      const [a, b, c] = [await Client.register(full), await Client.register(full), await Client.register(full)];
      let accepted = 0;
      for (let status = 202; status === 202; ) {
        const n = accepted + 1;
        const send = a.message([b], new Uint8Array(32 * 1024).fill(n), { n });
        const response = await a.cbor('POST', routes.messages, Send, send);
        status = response.status;
        if (status === 202) accepted++;
        else expect(await readProblem(response)).toMatchObject({ status: 500, code: 'internal-error' });
      }
      expect(accepted).toBeGreaterThan(3);
      expect((await c.queue()).hello.nextSend).toBe(1);
      await full.stop();
      const { stateFolder } = full;
      const roomy = await startRelay({ host, stateFolder, port: Number(new URL(full.url).port) });
      expect((await a.queue()).hello.nextSend).toBe(accepted + 1);
      const read: number[] = [];
      for (let cursor = 0; read.length < accepted; ) {
        const { hello, entries } = await until(async () => {
          const page = await b.queue(cursor === 0 ? '' : `?after=${cursor}`);
          return page.entries.length > 0 && page;
        });
        expect(hello.last).toBeLessThanOrEqual(accepted);
        for (const entry of entries) read.push(entry.type === 'message' ? (entry.body[0] ?? 0) : 0);
        cursor = entries.at(-1)?.seq ?? 0;
      }
      expect(read).toEqual(Array.from({ length: accepted }, (_, i) => i + 1));
      await roomy.stop();
    });

    test('speaks TLS with the certificate that it is given', async () => {
      const { ca, cert, key } = await createCertificate(folder);
      const { child } = start(['--dev'], { PORT: '0', STATE: newState(), TLS_CERT: cert, TLS_KEY: key });
      const line = String((await once(child.stderr as Readable, 'data'))[0]);
      const [, port = ''] = /is running at https:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      const request = httpsRequest(`https://localhost:${port}${routes.info}`, { ca: readFileSync(ca) }).end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      expect(JSON.parse(await text(response))).toMatchObject({ name: 'cliquet' });
      await expect(fetch(`http://localhost:${port}${routes.info}`)).rejects.toThrow();
    });

    test('has browsers come back over TLS only, once they came over it', async () => {
      const { ca, cert, key } = await createCertificate(folder);
      const file = join(folder, `${name}-secure.env`);
      const { out } = await said(['--new-config']);
      writeFileSync(file, out.replace('HOSTS=', 'HOSTS=localhost').replace('STATE=', `STATE=${newState()}`));
      const answersOf = async (variables: Readonly<Record<string, string>>, headers: Record<string, string>) => {
        const { child } = start(['--config', file], { PORT: '0', STATE: newState(), ...channel, ...variables });
        const line = String((await once(child.stderr as Readable, 'data'))[0]);
        const [, scheme = '', port = ''] = /is running at (https?):\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        const ask = scheme === 'https' ? httpsRequest : httpRequest;
        const fields: (string | undefined)[] = [];
        for (const path of ['/', '/service-worker.js', '/nothing', routes.info, routes.queue]) {
          const request = ask(`${scheme}://localhost:${port}${path}`, { ca: readFileSync(ca), headers }).end();
          const [response] = (await once(request, 'response')) as [IncomingMessage];
          response.resume();
          fields.push(response.headers['strict-transport-security']);
        }
        child.kill('SIGTERM');
        return [...new Set(fields)];
      };
      const tls = { TLS_CERT: cert, TLS_KEY: key };
      const forwarded = { 'x-forwarded-proto': 'https' };
      expect(await answersOf(tls, {})).toEqual(['max-age=31536000']);
      expect(await answersOf({}, {})).toEqual([undefined]);
      expect(await answersOf({}, forwarded)).toEqual([undefined]);
      expect(await answersOf({ ADDRESS_HEADER: 'x-forwarded-for' }, forwarded)).toEqual(['max-age=31536000']);
    });

    test('believes a header about the client’s address only where it is told to', async () => {
      const statusesOf = async (vars: Readonly<Record<string, string>>, addresses: readonly string[]) => {
        const relay = await startRelay({ host, vars, strangersPerMinute: 2 });
        const statuses: number[] = [];
        for (const address of addresses) {
          const request = jsonRequest(relay.url + routes.registrations, {});
          request.headers.set('x-forwarded-for', address);
          statuses.push((await fetch(request)).status);
        }
        await relay.stop();
        return statuses;
      };
      const forged = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
      expect(await statusesOf({ ADDRESS_HEADER: '' }, forged)).toEqual([400, 400, 429]);
      const believed = { ADDRESS_HEADER: 'X-Forwarded-For' };
      expect(await statusesOf(believed, forged)).toEqual([400, 400, 400]);
      // What a client has put there stands before what the proxy has added.
      expect(
        await statusesOf(
          believed,
          forged.map((address) => `${address}, 198.51.100.7`),
        ),
      ).toEqual([400, 400, 429]);
    });

    test('closes connections beyond those that it may have, and takes others again when there are fewer', async () => {
      const relay = await startRelay({ host, vars: { MAX_CONNECTIONS: '20' } });
      const connections = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(relay.url)));
      await until(() => connections.filter(({ isClosed }) => isClosed).length >= 20);
      for (const connection of connections) connection.close();
      await until(() =>
        fetch(relay.url + routes.info).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      await relay.stop();
    });

    test.runIf(slow)('gives headers their time, and no more', { timeout: 60_000 }, async () => {
      const relay = await startRelay({ host });
      const [silent, half] = [await RawConnection.open(relay.url), await RawConnection.open(relay.url)];
      await half.write('GET /v1/info HTTP/1.1\r\nhost: local');
      await until(() => silent.isClosed && half.isClosed, 60_000);
      expect(half.text).toMatch(/^HTTP\/1.1 408/);
      await relay.stop();
    });

    test.runIf(slow)('waits for whoever reads no answers, but not for ever', { timeout: 1_200_000 }, async () => {
      const relay = await startRelay({ host });
      const deaf = connect(Number(new URL(relay.url).port), '127.0.0.1').on('error', () => undefined);
      deaf.write(`GET ${routes.info} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(50_000));
      // It notices the end of the connection by writing.
      await until(() => {
        deaf.write(' ');
        return deaf.closed;
      }, 1_200_000);
      await relay.stop();
    });

    test('lets go of whoever it refuses a WebSocket, also if that one does not', async () => {
      const relay = await startRelay({ host });
      const held = connect({ port: Number(new URL(relay.url).port), host: '127.0.0.1', allowHalfOpen: true });
      held.write('GET /v1/stream HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      held.resume().on('error', () => undefined);
      await once(held, 'end');
      // It waits for every connection that it has.
      await relay.stop();
      held.destroy();
    });

    test('cuts a stream that asks for pongs without end and reads none', async () => {
      const relay = await startRelay({ host });
      const protocols = `${streamProtocol}, ${ticketProtocolPrefix}${await (await Client.register(relay)).ticket()}`;
      const deaf = connect(Number(new URL(relay.url).port), '127.0.0.1').on('error', () => undefined);
      const key = Buffer.alloc(16).toString('base64');
      deaf.write(
        `GET ${routes.stream} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
          `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nsec-websocket-protocol: ${protocols}\r\n\r\n`,
      );
      await once(deaf, 'readable');
      const pings = Buffer.from(`\x81\x84\0\0\0\0ping`.repeat(100_000), 'latin1');
      for (let written = 0; written < 40 && !deaf.closed; written++) {
        await new Promise<void>((resolve) => deaf.write(pings, () => resolve()));
      }
      await until(() => deaf.closed);
      expect(await (await Client.register(relay)).queue()).toMatchObject({ entries: [] });
      await relay.stop();
    });

    test.runIf(process.platform !== 'win32')('keeps what it has to itself', async () => {
      const stateFolder = newState();
      mkdirSync(stateFolder, { mode: 0o755 });
      const relay = await startRelay({ host, stateFolder, shell: 'umask 022' });
      await Client.register(relay);
      const kept = readdirSync(stateFolder, { recursive: true, encoding: 'utf8' });
      expect(kept.length).toBeGreaterThan(3);
      expect(kept.filter((path) => (statSync(join(stateFolder, path)).mode & 0o077) !== 0)).toEqual([]);
      await relay.stop();
    });

    test('keeps headers short', async () => {
      const relay = await startRelay({ host });
      const connection = await RawConnection.open(relay.url);
      await connection.write(`GET /v1/info HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(64 * 1024)}\r\n\r\n`);
      await until(() => connection.isClosed);
      expect((await fetch(`${relay.url}/v1/info`)).status).toBe(200);
      await relay.stop();
    });
  });
}
