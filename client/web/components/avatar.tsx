// A person as a circle, a group as a wheel: with the first letter of the name, in a colour that follows from the id.

import type { JSX } from 'preact';
import { wheelPath } from './icon.tsx';

const colours = 8;

/** One of the colours, the same for an id wherever it is shown. */
export function colourOf(id: string): number {
  let sum = 0;
  for (const unit of id.slice(0, 16)) sum = (sum * 31 + unit.charCodeAt(0)) % 1_000_003;
  return sum % colours;
}

function initial(name: string): string {
  // Names in a list come isolated.
  const [first] = new Intl.Segmenter().segment(name.replace(/[\u2066-\u2069]/g, '').trim());
  const { segment } = first ?? { segment: '?' };
  // A letter with a hundred marks on it is no initial.
  return segment.length > 8 ? '?' : segment.toUpperCase();
}

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly kind?: 'person' | 'group';
}

export function Avatar({ id, name, kind = 'person' }: AvatarProps): JSX.Element {
  return (
    <svg class={`avatar colour-${colourOf(id)}`} viewBox="-1 -1 2 2" aria-hidden="true">
      {kind === 'person' ? <circle r="0.92" /> : <path d={wheelPath} />}
      <text y="0.29" text-anchor="middle" font-size="0.82">
        {initial(name)}
      </text>
    </svg>
  );
}
