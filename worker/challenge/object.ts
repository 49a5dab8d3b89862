// The registrar on Cloudflare: a Durable Object that hands everything on.

import { DurableObject } from 'cloudflare:workers';
import type { Address } from '../../client/wire/address.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { SignedRequest } from '../auth.ts';
import { type CloudflareHost, createHost } from '../cloudflare.ts';
import type { Env } from '../env.ts';
import { getServices } from '../services.ts';
import type { LetterWishes, Registrar, Vault } from './registrar.ts';

export class RegistrarObject extends DurableObject<Env> {
  readonly #host: CloudflareHost;
  readonly #registrar: Registrar;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const services = getServices(env);
    this.#host = createHost(ctx, services.counters.count);
    this.#registrar = services.createRegistrar(this.#host);
  }

  begin(address: Address, vaults: readonly Vault[], prefix: Bytes, letter?: LetterWishes) {
    return this.#registrar.begin(address, vaults, prefix, letter);
  }

  answer(id: Bytes, hrid: Bytes, answer: string, request: SignedRequest) {
    return this.#registrar.answer(id, hrid, answer, request);
  }

  countText(prefix: string, network: Bytes) {
    return this.#registrar.countText(prefix, network);
  }

  override async alarm(): Promise<void> {
    this.#host.alarmFired();
    await this.#registrar.alarm();
  }
}
