// The protocol as it runs for one group: the key that it stands at, how far each member has come, the newest steps; and the
// same through the eyes of the relay.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CliquetError, type Group, type MemberStage, type Stage } from '../../index.ts';
import { Avatar } from '../components/avatar.tsx';
import { Composer } from '../components/composer.tsx';
import { useSession } from '../components/context.ts';
import { Icon, wheelPath } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import {
  columnStyle,
  keyColour,
  PictureWords,
  RatchetPicture,
  rowHeight,
  shortKey,
  stageName,
  stageNumber,
} from '../components/ratchet-picture.tsx';
import { useNarrow } from '../components/use-narrow.ts';
import { messages } from '../model/language.ts';
import { nameOf } from '../model/people.ts';

const degreesPerTooth = 30;
/** Pixels below the newest step. */
const leastBelow = 12;

export function Inside({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { inside } = messages.value;
  const [isRelay, setRelay] = useState(false);
  const rows = session.picture.of(group.id).value;
  const steps = rows.filter((row) => row.type === 'step');
  // Where the pane covers the conversation, one can say something here.
  const isNarrow = useNarrow();
  const picture = useRef<HTMLElement>(null);
  useEffect(() => {
    const { current } = picture;
    if (current === null) return;
    const observer = new ResizeObserver(() => showNewest(current));
    for (const each of [current, ...current.children]) observer.observe(each, { box: 'border-box' });
    return () => observer.disconnect();
  }, [rows, isRelay]);
  const stages = stagesOf(group);
  const back = { page: 'group', group: group.id, pane: null } as const;
  if (stages === null)
    return (
      <Page title={inside.title} back={back} class="pane inside">
        <p>{inside.lost}</p>
      </Page>
    );
  const members = stages.members.map(({ hrid }) => hrid);
  return (
    <Page title={inside.title} back={back} class="pane inside">
      <p class="hint">{isRelay ? inside.relayKnows : inside.what}</p>
      <fieldset class="segments">
        <legend class="unseen">{inside.eyes}</legend>
        <button type="button" aria-pressed={!isRelay} onClick={() => setRelay(false)}>
          <Icon name="people" />
          {inside.members}
        </button>
        <button type="button" aria-pressed={isRelay} onClick={() => setRelay(true)}>
          <Icon name="inside" />
          {inside.relay}
        </button>
      </fieldset>
      {!isRelay && <Wheel stage={stages.stage} />}
      <section
        ref={picture}
        class="picture-scroll"
        aria-label={inside.diagram}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable with the keyboard
        tabIndex={0}
      >
        <ul class="plain columns" style={columnStyle(members.length)}>
          {stages.members.map((member) => (
            <Column key={member.hrid} member={member} own={stages.stage.groupKey} isRelay={isRelay} />
          ))}
        </ul>
        <RatchetPicture members={members} steps={rows} isRelay={isRelay} />
      </section>
      {steps.length === 0 && <p class="hint">{inside.none}</p>}
      <PictureWords steps={steps} isRelay={isRelay} others={members.length - 1} />
      {isNarrow && group.status === 'active' && (
        <Composer conversation={session.converse(group)} onEditLast={() => undefined} />
      )}
    </Page>
  );
}

/** Goes to the newest step. Below it there is as much room as lets whole rows stand below the columns. */
function showNewest(picture: HTMLElement): void {
  const room = picture.clientHeight - (picture.firstElementChild?.clientHeight ?? 0) - leastBelow;
  picture.style.paddingBottom = `${leastBelow + (room % rowHeight)}px`;
  picture.scrollTop = picture.scrollHeight;
}

function stagesOf(group: Group): { readonly stage: Stage; readonly members: readonly MemberStage[] } | null {
  try {
    return { stage: group.stage(), members: group.memberStages() };
  } catch (error) {
    if (error instanceof CliquetError && error.code === 'group-lost') return null;
    throw error;
  }
}

/** The group key, as a wheel that turns by a tooth with each message, and never back. */
function Wheel({ stage: { vector, groupKey, waiting } }: { readonly stage: Stage }): JSX.Element {
  const { inside } = messages.value;
  const number = stageNumber(vector);
  const turn = { transform: `rotate(${number * degreesPerTooth}deg)`, color: keyColour(groupKey) };
  return (
    <div class="wheel-box">
      <svg class="wheel" viewBox="-1.2 -1.3 2.5 2.500" aria-hidden="true">
        <g class="wheel-turn" style={turn}>
          <path d={wheelPath} />
        </g>
        <circle class="wheel-hub" r=".52" />
        <path class="mark-pawl" d="M1.080-1.280 .140-.960 .080-.720 .300-.700 1.160-1.080Z" />
        <circle class="mark-pawl" cx="1.08" cy="-1.12" r=".16" />
        <text y=".13" text-anchor="middle" font-size=".38">
          {stageName(vector)}
        </text>
      </svg>
      <dl class="facts wheel-facts">
        <dt>{inside.groupKey}</dt>
        <dd class="code">{groupKey.replace(/(.{4})(?=.)/g, '$1 ')}</dd>
        <dt title={inside.vectorHint}>{inside.vector}</dt>
        <dd class="code">[{vector.join(' ')}]</dd>
        {waiting > 0 && <dd class="hint">{inside.waiting(waiting)}</dd>}
      </dl>
    </div>
  );
}

interface ColumnProps {
  readonly member: MemberStage;
  /** The key at which this device stands. */
  readonly own: string;
  readonly isRelay: boolean;
}

function Column({ member: { hrid, vector, groupKey, leaf }, own, isRelay }: ColumnProps): JSX.Element {
  const session = useSession();
  const { inside } = messages.value;
  if (isRelay)
    return (
      <li class="column">
        <Avatar id="relay" name="?" />
        <small>{inside.received}</small>
        <small class="code">{hrid.slice(0, 6)}</small>
      </li>
    );
  const name = nameOf(session, hrid);
  const key = groupKey === null ? inside.stageGone : shortKey(groupKey);
  const dot = { background: groupKey === null ? 'transparent' : keyColour(groupKey) };
  return (
    <li class={`column ${groupKey === own ? 'column-same' : ''}`} title={inside.stage(name, stageNumber(vector), key)}>
      <Avatar id={hrid} name={name} />
      <bdi class="column-name">{name}</bdi>
      <small class="code column-stage">
        <span class="key-dot" style={dot} />
        {stageName(vector)}
      </small>
      {vector.length <= 6 && <small class="code">[{vector.join(' ')}]</small>}
      <small class="code">E {leaf.slice(0, 5)}</small>
    </li>
  );
}
