// Diagram 3 as it happens: a line for each member, and an arrow for each message from its sender to the others, in the
// colour of the group key that sealed it. Through the relay's eyes the same arrows, and nothing but sizes and times.

import type { JSX } from 'preact';
import { messages } from '../model/language.ts';
import { nameOf } from '../model/people.ts';
import type { PictureStart, PictureStep } from '../model/picture.ts';
import { useSession } from './context.ts';

/** Few members stand further apart. */
const columnWidth = (members: number): number => (members <= 3 ? 116 : 78);
export const rowHeight = 50;
const top = 14;
const keyHex = 4;

/** The number of a group key, as in S1Kabc, S2Kabc: how many messages it is made of. */
export const stageNumber = (vector: readonly number[]): number => vector.reduce((sum, count) => sum + count, 0);

/** What the group key is called: IKabc of the generation, then S1Kabc, S2Kabc and so on. */
export const stageName = (vector: readonly number[]): string => {
  const number = stageNumber(vector);
  return number === 0 ? 'IK' : `S${number}`;
};

/** A colour for a key, so that two can be told apart at a glance. */
export const keyColour = (fingerprint: string): string =>
  `oklch(0.68 0.15 ${Number.parseInt(fingerprint.slice(0, 4), 16) % 360})`;

export const shortKey = (fingerprint: string): string => fingerprint.slice(0, keyHex);

interface PictureProps {
  readonly members: readonly string[];
  readonly steps: readonly (PictureStart | PictureStep)[];
  readonly isRelay: boolean;
}

export function RatchetPicture({ members, steps, isRelay }: PictureProps): JSX.Element {
  const { inside } = messages.value;
  const column = columnWidth(members.length);
  const width = members.length * column;
  // The relay knows of no generations; what is still of an earlier one has other members.
  const shown = steps.filter((step) =>
    step.type === 'start' ? !isRelay : members.includes(step.sender) && step.step.vector.length === members.length,
  );
  const height = top + Math.max(shown.length, 1) * rowHeight;
  const xOf = (hrid: string) => (members.indexOf(hrid) + 0.5) * column;
  return (
    <div class="picture-frame">
      <svg
        class={`picture ${isRelay ? 'picture-relay' : ''}`}
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label={inside.diagram}
      >
        {members.map((hrid) => (
          <line key={hrid} class="lifeline" x1={xOf(hrid)} x2={xOf(hrid)} y1={0} y2={height} />
        ))}
        {shown.map((step, row) =>
          step.type === 'start' ? (
            <text
              key={step.number}
              class="start-label"
              x={width / 2}
              y={top + (row + 0.6) * rowHeight}
              text-anchor="middle"
            >
              {inside.start}
            </text>
          ) : (
            <Arrow
              key={step.number}
              step={step}
              from={xOf(step.sender)}
              to={members.filter((hrid) => hrid !== step.sender).map(xOf)}
              y={top + (row + 0.6) * rowHeight}
              isRelay={isRelay}
            />
          ),
        )}
      </svg>
    </div>
  );
}

interface ArrowProps {
  readonly step: PictureStep;
  readonly from: number;
  readonly to: readonly number[];
  readonly y: number;
  readonly isRelay: boolean;
}

function Arrow({ step, from, to, y, isRelay }: ArrowProps): JSX.Element {
  const { words, inside } = messages.value;
  const { vector, groupKey, leaf } = step.step;
  const colour = isRelay ? 'currentColor' : keyColour(groupKey);
  const ends = [from, ...to];
  const [left, right] = [Math.min(...ends), Math.max(...ends)];
  const size = step.bytes === null ? inside.unknownSize : words.size(step.bytes);
  const label = isRelay ? `${size} · ${words.exactClock(step.at)}` : `${stageName(vector)} · ${shortKey(groupKey)}`;
  const at = labelAt(from, left, right, to.length);
  return (
    <g class="arrow" style={{ color: colour }}>
      <line class="arrow-line" x1={left} x2={right} y1={y} y2={y} />
      {to.map((x) => (
        <path
          key={x}
          class="arrow-head"
          d={
            x > from
              ? `M${x - 9} ${y - 5}L${x - 1} ${y}L${x - 9} ${y + 5}Z`
              : `M${x + 9} ${y - 5}L${x + 1} ${y}L${x + 9} ${y + 5}Z`
          }
        />
      ))}
      <circle class="arrow-sender" cx={from} cy={y} r={6} />
      <text class="arrow-label" x={at.x} y={y - 9} text-anchor={at.anchor}>
        {label}
      </text>
      {!isRelay && leaf !== null && (
        <text class="arrow-leaf" x={at.x} y={y + 15} text-anchor={at.anchor}>
          {`E ${leaf.slice(0, 5)}${step.speaks ? ' + …' : ''}`}
        </text>
      )}
    </g>
  );
}

/** Where an arrow is told about: in its middle, or beside its sender if it is long. */
function labelAt(from: number, left: number, right: number, others: number) {
  if (others <= 2) return { x: (left + right) / 2, anchor: 'middle' } as const;
  return from === right ? ({ x: from - 10, anchor: 'end' } as const) : ({ x: from + 10, anchor: 'start' } as const);
}

/** The same in words, for who cannot see it. */
export function PictureWords({
  steps,
  isRelay,
  others,
}: {
  readonly steps: readonly PictureStep[];
  readonly isRelay: boolean;
  readonly others: number;
}): JSX.Element {
  const session = useSession();
  const { inside, words } = messages.value;
  return (
    <ol class="unseen">
      {steps.map((step) => {
        const { vector, groupKey, leaf } = step.step;
        const size = step.bytes === null ? inside.unknownSize : words.size(step.bytes);
        return (
          <li key={step.number}>
            {isRelay
              ? inside.relaySees(step.sender.slice(0, 6), step.recipients ?? others, size, words.exactClock(step.at))
              : `${inside.step(nameOf(session, step.sender), stageName(vector), groupKey)}, ${
                  leaf === null ? inside.light : inside.newKey(leaf.slice(0, 6))
                }${step.speaks ? '' : `, ${inside.moved}`}`}
          </li>
        );
      })}
    </ol>
  );
}

export const columnStyle = (count: number): Record<string, string> => ({
  width: `${count * columnWidth(count)}px`,
  gridTemplateColumns: `repeat(${count}, ${columnWidth(count)}px)`,
});
