// The registrar on Cloudflare: a Durable Object that hands everything on.

import { DurableObject } from 'cloudflare:workers';
import type { Address } from '../../client/wire/address.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { SignedRequest } from '../auth.ts';
import { type Awake, awaken } from '../cloudflare.ts';
import type { Env } from '../env.ts';
import type { LetterWishes, Registrar, Vault } from './registrar.ts';

export class RegistrarObject extends DurableObject<Env> {
  readonly #awake: Awake<Registrar>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#awake = awaken(ctx, env, (services, host) => services.createRegistrar(host));
  }

  begin(address: Address, vaults: readonly Vault[], prefix: Bytes, letter?: LetterWishes) {
    return this.#awake.get().begin(address, vaults, prefix, letter);
  }

  answer(id: Bytes, hrid: Bytes, answer: string, request: SignedRequest) {
    return this.#awake.get().answer(id, hrid, answer, request);
  }

  countText(prefix: string, network: Bytes) {
    return this.#awake.get().countText(prefix, network);
  }

  override alarm(): Promise<void> {
    return this.#awake.alarm();
  }
}
