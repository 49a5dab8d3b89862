// What can be set for a group: its name, after how long messages disappear, and how long they stay on this device.

import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Group, HistoryPolicy } from '../../index.ts';
import { useSession } from '../components/context.ts';
import { Field, Form } from '../components/field.tsx';
import { Page } from '../components/page.tsx';
import { useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';

const hour = 3600;
const day = 24 * hour;
const timers = [60, hour, day, 7 * day, 28 * day];
const days = [1, 7, 30, 90, 365];

export function About({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { about, words } = messages.value;
  const { isBusy, run } = useAction();
  const [name, setName] = useState(group.name);
  const isActive = group.status === 'active';
  const { timerSeconds, historyPolicy } = group;
  const kept = typeof historyPolicy === 'string' ? historyPolicy : String(historyPolicy.days);
  const timerChoices = [...new Set([...timers, ...(timerSeconds === null ? [] : [timerSeconds])])].sort(
    (a, b) => a - b,
  );
  const dayChoices = [...new Set([...days, ...(Number(kept) > 0 ? [Number(kept)] : [])])].sort((a, b) => a - b);
  return (
    <Page title={about.title} back={{ page: 'group', group: group.id, pane: null }} class="pane">
      {isActive && (
        <Form onSubmit={() => void run(() => group.rename(name.trim()))}>
          <Field label={about.name} value={name} onInput={setName} maxLength={128} autoComplete="off" />
          <button type="submit" disabled={isBusy || name.trim() === '' || name.trim() === group.name}>
            {about.rename}
          </button>
        </Form>
      )}
      {isActive && (
        <Select
          label={about.timer}
          hint={about.timerHint}
          value={String(timerSeconds ?? '')}
          options={[['', about.timerOff], ...timerChoices.map((each) => [String(each), words.duration(each)] as const)]}
          onChoose={(value) => {
            const seconds = value === '' ? null : Number(value);
            void run(async () => {
              await group.setTimer(seconds);
              await session.noteOwn(group, { type: 'timer', by: session.client.hrid ?? '', seconds });
            });
          }}
        />
      )}
      <Select
        label={about.history}
        hint={about.historyHint}
        value={kept}
        options={[
          ['all', about.historyAll],
          ...dayChoices.map((each) => [String(each), words.duration(each * day)] as const),
          // Nothing would be left to look at; another program may have chosen it.
          ...(historyPolicy === 'none' ? [['none', about.historyNone] as const] : []),
        ]}
        onChoose={(value) => void run(() => group.setHistory(toPolicy(value)))}
      />
    </Page>
  );
}

const toPolicy = (value: string): HistoryPolicy =>
  value === 'all' || value === 'none' ? value : { days: Number(value) };

interface SelectProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChoose: (value: string) => void;
}

function Select({ label, hint, value, options, onChoose }: SelectProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}
