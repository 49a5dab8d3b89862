// Members who have lost their device, and ask to be let in again.

import type { JSX } from 'preact';
import type { Group } from '../../index.ts';
import { messages } from '../model/language.ts';
import { nameOf } from '../model/people.ts';
import { useSession } from './context.ts';
import { ask } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { useAction } from './use-action.ts';

export function Asking({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { members: texts } = messages.value;
  const { isBusy, run } = useAction();
  const letIn = async (hrid: string) => {
    const name = nameOf(session, hrid);
    const question = { title: texts.readmitTitle(name), body: texts.readmitBody(name), action: texts.readmit };
    if (await ask(question)) await run(() => group.readmit(hrid));
  };
  return (
    <>
      {group.requests.map((hrid) => (
        <div key={hrid} class="notice notice-warning">
          <Icon name="alert" />
          <span>{texts.asks(nameOf(session, hrid))}</span>
          <button type="button" disabled={isBusy} onClick={() => void letIn(hrid)}>
            {texts.readmit}
          </button>
        </div>
      ))}
    </>
  );
}
