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

/** The first sign of a name that can stand for it, without any marks on it. */
const initial = (name: string): string => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.exec(name)?.[0].toUpperCase() ?? '?';

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
