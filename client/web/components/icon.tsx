// The pictograms: drawn with one stroke, in the colour of the text, and hidden from who hears the page.

import type { JSX } from 'preact';

const paths = {
  add: 'M12 5v14M5 12h14',
  alert:
    'M12 8v5M12 16.5v.01M10.3 4 2.7 17.500A2 2 0 0 0 4.400 20.500h15.200a2 2 0 0 0 1.700-3L13.700 4a2 2 0 0 0-3.400 0Z',
  attach:
    'm20 11-8.500 8.500a5 5 0 0 1-7-7L13 4a3.400 3.400 0 0 1 4.800 4.800l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400L14 7.800',
  back: 'M15 5l-7 7 7 7',
  camera:
    'M4 8a2 2 0 0 1 2-2h2l1.500-2h5L16 6h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2Zm8 8a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  checks: 'm2.500 12.500 4.500 4.500 9.500-9.500M11.500 15.500 13 17l9-9.500',
  confirmed: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-4-9 3 3 5-6',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-13.500V12l3 2',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  down: 'M12 5v14m-6-6 6 6 6-6',
  edit: 'M4 20h4L19 9l-4-4L4 16Zm9-13 4 4',
  file: 'M7 3h7l4 4v14H7ZM14 3v4h4',
  gear: 'M4 7h8m6 0h2M4 17h2m6 0h8M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  inside:
    'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  more: 'M5.500 12v.01M12 12v.01M18.500 12v.01',
  people:
    'M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20a6.500 6.500 0 0 1 13 0M16 5a3.500 3.500 0 0 1 0 6.500M18 14.500a6.500 6.500 0 0 1 3.500 5.500',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2.500-2.500L20 17M15.500 9.500v.01',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v.01M17.500 17.500h2.500V20M14 20v.01',
  reply: 'M10 7 5 12l5 5M5 12h8a6 6 0 0 1 6 6v1',
  send: 'M4 12h15m-6.500-6.500L19 12l-6.500 6.500',
  share: 'M12 15V4m-4 4 4-4 4 4M5 13v7h14v-7',
  shield: 'M12 3 5 5.500V11c0 5 3 8 7 10 4-2 7-5 7-10V5.500Zm-3 9 2.200 2.200L15.500 10',
  timer: 'M12 21a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15ZM9.500 2.500h5M12 9.500v4',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

const teeth = 12;
/** A ratchet wheel around (0, 0), of radius 1. */
export const wheelPath = `M${Array.from({ length: teeth }, (_, i) => {
  const angle = (2 * Math.PI * i) / teeth - Math.PI / 2;
  const at = (radius: number) => `${(radius * Math.cos(angle)).toFixed(3)} ${(radius * Math.sin(angle)).toFixed(3)}`;
  return `${at(0.77)}L${at(1)}`;
}).join('L')}Z`;

/** The mark of Cliquet: the wheel, and the pawl that lets it turn one way only. */
export function Mark({ turns = false }: { readonly turns?: boolean }): JSX.Element {
  return (
    <svg class="mark" viewBox="-1.15 -1.35 2.5 2.500" aria-hidden="true">
      <g class={turns ? 'turning' : ''}>
        <path class="mark-wheel" d={`${wheelPath}M0-.36a.36.36 0 1 0 0 .72a.36.36 0 1 0 0-.72Z`} />
      </g>
      <path class="mark-pawl" d="M1.080-1.280 .140-.960 .080-.720 .300-.700 1.160-1.080Z" />
      <circle class="mark-pawl" cx="1.08" cy="-1.12" r=".2" />
    </svg>
  );
}
