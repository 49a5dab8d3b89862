// The relay that is tested: what has to be known of it before the first case.

import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { routes } from '../../client/wire/routes.ts';
import type { Target } from './bench.ts';

export interface TargetOptions {
  /** A command that prints the newest code sent to the address that is its last argument. */
  readonly codes?: string | undefined;
  readonly domain?: string | undefined;
}

/** @throws Error that says why there is no relay */
export async function openTarget(
  address: string,
  { codes, domain = 'example.org' }: TargetOptions = {},
): Promise<Target> {
  const url = new URL(address).origin;
  const response = await fetch(url + routes.info).catch((error: Error) => {
    const cause = error.cause as { code?: string; message?: string } | undefined;
    throw new Error(`there is no relay at ${url}: ${cause?.code ?? cause?.message ?? error.message}`);
  });
  const info = (await response.json().catch(() => null)) as { time?: unknown } | null;
  if (typeof info?.time !== 'number') throw new Error(`${url}${routes.info} does not tell the time of a relay`);
  return {
    url,
    domain,
    ahead: info.time - Math.floor(Date.now() / 1000),
    code: codes === undefined ? (to) => fromInbox(url, to) : (to) => fromCommand(codes, to),
  };
}

/** From the inbox of a relay in development. */
async function fromInbox(url: string, address: string): Promise<string | undefined> {
  const response = await fetch(`${url}/dev/inbox?address=${encodeURIComponent(address)}`);
  if (!response.ok) throw new Error('this relay has no development inbox: say with --codes how codes are read');
  return ((await response.json()) as { codes: { code: string }[] }).codes[0]?.code;
}

/** Addresses are of the suite's own making: nothing in them means anything to a shell. */
async function fromCommand(command: string, address: string): Promise<string | undefined> {
  const { stdout } = await promisify(exec)(`${command} ${address}`);
  return /\d{6}/.exec(stdout)?.[0];
}
