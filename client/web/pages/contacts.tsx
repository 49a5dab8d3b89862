// Everybody whom the person knows, under the names that they have here.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ContactEntry } from '../../index.ts';
import { Avatar } from '../components/avatar.tsx';
import { useSession } from '../components/context.ts';
import { ask } from '../components/dialog.tsx';
import { Field, Form } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import { useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';
import { isTaken, nameOf } from '../model/people.ts';
import { linkTo } from '../model/route.ts';

export function Contacts(): JSX.Element {
  const session = useSession();
  session.version.value;
  const { contacts: texts, home } = messages.value;
  const contacts = [...session.client.contacts].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <Page title={texts.title} back={{ page: 'home' }}>
      {contacts.length === 0 ? (
        <p>
          {texts.none} <a href={linkTo({ page: 'meet' })}>{home.meet}</a>
        </p>
      ) : (
        <ul class="plain people">
          {contacts.map((contact) => (
            <ContactRow key={contact.hrid} contact={contact} />
          ))}
        </ul>
      )}
    </Page>
  );
}

function ContactRow({ contact: { hrid, isVerified } }: { readonly contact: ContactEntry }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { contacts: texts, group, common } = messages.value;
  const name = nameOf(session, hrid);
  const [isOpen, setOpen] = useState(false);
  const [nextName, setNextName] = useState(name);
  const { isBusy, run } = useAction();
  const isOthers = isTaken(session, nextName, hrid);
  const rename = () =>
    run(async () => {
      await session.client.renameContact(hrid, nextName.trim());
      setOpen(false);
    });
  const forget = async () => {
    const question = { title: texts.removeTitle(name), body: texts.removeBody, action: texts.remove };
    if (await ask({ ...question, isDangerous: true })) await run(() => session.client.removeContact(hrid));
  };
  return (
    <li class="member">
      <div class="person">
        <Avatar id={hrid} name={name} />
        <bdi class="person-name">{name}</bdi>
        {isVerified && (
          <span class="verified" role="img" aria-label={group.verified} title={group.verified}>
            <Icon name="shield" />
          </span>
        )}
        <button
          type="button"
          class="quiet square"
          aria-expanded={isOpen}
          aria-label={`${texts.rename}: ${name}`}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="edit" />
        </button>
      </div>
      {isOpen && (
        <Form class="member-actions" onSubmit={() => void rename()}>
          <Field
            label={texts.name}
            value={nextName}
            onInput={setNextName}
            error={isOthers ? texts.taken : null}
            maxLength={64}
            autoFocus
          />
          <div class="row">
            <button type="submit" class="primary" disabled={isBusy || isOthers || nextName.trim() === ''}>
              {common.save}
            </button>
            <button type="button" class="danger-text" disabled={isBusy} onClick={() => void forget()}>
              {texts.remove}
            </button>
          </div>
        </Form>
      )}
    </li>
  );
}
