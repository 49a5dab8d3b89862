// A new group: a name, and who is in it.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Choice } from '../components/choice.tsx';
import { useSession } from '../components/context.ts';
import { Field, Form } from '../components/field.tsx';
import { Page } from '../components/page.tsx';
import { useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';
import { go, linkTo } from '../model/route.ts';
import { sentenceOf } from '../model/sentence.ts';

export function NewGroup(): JSX.Element {
  const session = useSession();
  session.version.value;
  const { newGroup, home } = messages.value;
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<string | null>(null);
  const { isBusy, run } = useAction((error) => setProblem(sentenceOf(error)));
  const { client } = session;
  const { contacts } = client;
  const create = () => {
    if (name.trim() === '') return setProblem(newGroup.needName);
    if (chosen.size === 0) return setProblem(newGroup.needMember);
    setProblem(null);
    void run(async () => {
      const invites = contacts.filter(({ hrid }) => chosen.has(hrid)).map(({ invite }) => invite);
      const group = await client.createGroup(invites, { name: name.trim() });
      go({ page: 'group', group: group.id, pane: null }, { replace: true });
    });
  };
  return (
    <Page title={newGroup.title} back={{ page: 'home' }}>
      {contacts.length === 0 ? (
        <p>
          {newGroup.none} <a href={linkTo({ page: 'meet' })}>{home.meet}</a>
        </p>
      ) : (
        <Form onSubmit={create}>
          <Field
            label={newGroup.name}
            hint={newGroup.nameHint}
            value={name}
            onInput={setName}
            maxLength={128}
            autoComplete="off"
          />
          <h2>{newGroup.who}</h2>
          <Choice people={contacts} chosen={chosen} onChoose={setChosen} label={newGroup.who} />
          <div role="alert">{problem !== null && <p class="error">{problem}</p>}</div>
          <button type="submit" class="primary" disabled={isBusy}>
            {isBusy ? newGroup.working : newGroup.go}
          </button>
        </Form>
      )}
    </Page>
  );
}
