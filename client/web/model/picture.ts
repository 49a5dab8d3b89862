// What the protocol does, kept for a picture of it: the newest steps of each group, with what the relay saw of them. In
// memory only, since the store was opened.

import { type Signal, signal } from '@preact/signals';
import type { ClientEvent, Parcel, ShownStep } from '../../index.ts';

export interface PictureStep {
  readonly type: 'step';
  /** Counts up, for all groups together. */
  readonly number: number;
  readonly sender: string;
  readonly step: ShownStep;
  /** Whether somebody has said something with it, or has only moved the keys on. */
  readonly speaks: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What went over the line, and to how many; null if that was before the store was opened. */
  readonly bytes: number | null;
  readonly recipients: number | null;
}

/** Another generation has begun, with a new IKabc: what went before it is not of these keys. */
export interface PictureStart {
  readonly type: 'start';
  readonly number: number;
}

const maxSteps = 12;
const maxParcels = 64;

export class Picture {
  readonly #steps = new Map<string, Signal<readonly (PictureStart | PictureStep)[]>>();
  /** Parcels whose step was not told yet, the oldest first. */
  #parcels: Parcel[] = [];
  #next = 0;

  hear(parcel: Parcel): void {
    if (parcel.kind === 'message') this.#parcels = [...this.#parcels, parcel].slice(-maxParcels);
  }

  /** @param self  this client's HRID */
  note(event: ClientEvent, self: string): void {
    if (event.type === 'joined' || event.type === 'changed' || event.type === 'returned') {
      this.of(event.group.id).value = [{ type: 'start', number: this.#next++ }];
      return;
    }
    if (event.type !== 'message' && event.type !== 'contribution' && event.type !== 'accepted') return;
    const sender = event.type === 'accepted' ? self : event.sender;
    const group = event.group.id;
    const at = this.#parcels.findIndex((parcel) => parcel.group === group && parcel.from === sender);
    const [parcel] = at < 0 ? [] : this.#parcels.splice(at, 1);
    const steps = this.of(group);
    const step: PictureStep = {
      type: 'step',
      number: this.#next++,
      sender,
      step: event.step,
      speaks: event.type !== 'contribution',
      at: Date.now(),
      bytes: parcel?.bytes ?? null,
      recipients: parcel === undefined || parcel.direction === 'received' ? null : parcel.to.length,
    };
    steps.value = [...steps.value, step].slice(-maxSteps);
  }

  of(group: string): Signal<readonly (PictureStart | PictureStep)[]> {
    const known = this.#steps.get(group);
    if (known !== undefined) return known;
    const made = signal<readonly (PictureStart | PictureStep)[]>([]);
    this.#steps.set(group, made);
    return made;
  }
}
