// Some of one's contacts, to be chosen.

import type { JSX } from 'preact';
import { messages } from '../model/language.ts';
import { nameOf } from '../model/people.ts';
import { Avatar } from './avatar.tsx';
import { useSession } from './context.ts';
import { Icon } from './icon.tsx';

interface ChoiceProps {
  readonly people: readonly { readonly hrid: string; readonly isVerified: boolean }[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
  readonly label: string;
}

export function Choice({ people, chosen, onChoose, label }: ChoiceProps): JSX.Element {
  const session = useSession();
  session.version.value;
  const { group } = messages.value;
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {people.map(({ hrid, isVerified }) => (
        <label key={hrid} class="person">
          <input
            type="checkbox"
            checked={chosen.has(hrid)}
            onInput={(event) => {
              const next = new Set(chosen);
              if (event.currentTarget.checked) next.add(hrid);
              else next.delete(hrid);
              onChoose(next);
            }}
          />
          <Avatar id={hrid} name={nameOf(session, hrid)} />
          <bdi class="person-name">{nameOf(session, hrid)}</bdi>
          {isVerified && (
            <span class="verified" role="img" aria-label={group.verified} title={group.verified}>
              <Icon name="shield" />
            </span>
          )}
        </label>
      ))}
    </fieldset>
  );
}
