// One request to a provider's HTTP API. Only the status of the answer counts: what else it says may quote the address.

import { DeliveryError } from '../channel.ts';

export interface ProviderRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** @throws DeliveryError */
export async function post({ url, headers, body, signal }: ProviderRequest): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' }).catch(() => {
    throw new DeliveryError(signal.aborted ? 'too-slow' : 'unreachable');
  });
  await response.body?.cancel().catch(() => undefined);
  const { ok, status } = response;
  if (ok) return;
  if (status === 401 || status === 403) throw new DeliveryError('unauthorised', status);
  throw new DeliveryError(status < 500 ? 'refused' : 'unreachable', status);
}
