// Who is in a group: adding, removing, making admins, leaving, and letting somebody in again.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Group, Member } from '../../index.ts';
import { Avatar } from '../components/avatar.tsx';
import { Choice } from '../components/choice.tsx';
import { useSession } from '../components/context.ts';
import { ask } from '../components/dialog.tsx';
import { Field, Form } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import { type Action, useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';
import { isKnown, isTaken, nameOf, namesOf } from '../model/people.ts';
import { go, linkTo } from '../model/route.ts';
import type { Session } from '../model/session.ts';

export function Members({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { members: texts } = messages.value;
  const action = useAction();
  const { members, status, readmitting } = group;
  const self = members.find(({ isSelf }) => isSelf);
  const isAdmin = status === 'active' && self?.role === 'admin';
  const ownPlace = members.findIndex(({ isSelf }) => isSelf);
  return (
    <Page title={texts.title} back={{ page: 'group', group: group.id, pane: null }} class="pane">
      {readmitting.length > 0 && <p class="notice">{texts.readmitting(namesOf(session, readmitting))}</p>}
      <ul class="plain people">
        {members.map((member, at) => (
          <MemberRow
            key={member.hrid}
            group={group}
            member={member}
            isAdmin={isAdmin}
            isAfter={ownPlace < at}
            action={action}
          />
        ))}
      </ul>
      {isAdmin && (
        <>
          <p class="hint">{texts.order}</p>
          <Adding group={group} action={action} />
        </>
      )}
      {(status === 'active' || status === 'lost') && self !== undefined && (
        <button
          type="button"
          class="danger-text"
          disabled={action.isBusy}
          onClick={() => void leave(session, group, action)}
        >
          {texts.leave}
        </button>
      )}
    </Page>
  );
}

async function leave(session: Session, group: Group, action: Action): Promise<void> {
  const { members: texts } = messages.value;
  const others = group.members.filter(({ isSelf }) => !isSelf);
  const isLastAdmin = !others.some(({ role }) => role === 'admin');
  const [heir] = isLastAdmin ? others : [];
  const body = [
    texts.leaveBody,
    ...(group.status === 'lost' ? [texts.leaveLost] : []),
    ...(heir === undefined || group.status === 'lost' ? [] : [texts.leaveHeir(nameOf(session, heir.hrid))]),
  ].join(' ');
  if (!(await ask({ title: texts.leaveTitle, body, action: texts.leave, isDangerous: true }))) return;
  if (await action.run(() => group.leave())) go({ page: 'group', group: group.id, pane: null }, { replace: true });
}

interface MemberRowProps {
  readonly group: Group;
  readonly member: Member;
  /** Whether the person is an admin, and has come before this member: admins have a say over those who came after them. */
  readonly isAdmin: boolean;
  readonly isAfter: boolean;
  readonly action: Action;
}

function MemberRow({ group, member, isAdmin, isAfter, action }: MemberRowProps): JSX.Element {
  const session = useSession();
  session.version.value;
  const { members: texts, group: groupTexts, common } = messages.value;
  const [isOpen, setOpen] = useState(false);
  const { hrid, role, isSelf, isVerified } = member;
  const name = nameOf(session, hrid);
  const hasSay = isAdmin && isAfter;
  const isStranger = !isKnown(session, hrid);
  const canDo = hasSay || (isAdmin && role === 'member') || isStranger || (isSelf && isAdmin);
  return (
    <li class="member">
      <div class="person">
        <Avatar id={hrid} name={name} />
        <span class="person-main">
          <bdi class="person-name">{isSelf ? common.youTitle : name}</bdi>
          <span class="hint">
            {[...(role === 'admin' ? [texts.admin] : []), ...(isStranger ? [texts.stranger] : [])].join(' · ')}
          </span>
        </span>
        {isVerified && !isSelf && (
          <span class="verified" role="img" aria-label={groupTexts.verified} title={groupTexts.verified}>
            <Icon name="shield" />
          </span>
        )}
        {canDo && (
          <button
            type="button"
            class="quiet square"
            aria-expanded={isOpen}
            aria-label={texts.actions(name)}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="more" />
          </button>
        )}
      </div>
      {isOpen && (
        <div class="member-actions">
          {isStranger && <Keeping group={group} hrid={hrid} action={action} />}
          {isAdmin && role === 'member' && (
            <button type="button" disabled={action.isBusy} onClick={() => void action.run(() => group.promote(hrid))}>
              {texts.promote}
            </button>
          )}
          {role === 'admin' && (hasSay || isSelf) && (
            <button type="button" disabled={action.isBusy} onClick={() => void action.run(() => group.demote(hrid))}>
              {isSelf ? texts.stepDown : texts.demote}
            </button>
          )}
          {hasSay && (
            <button
              type="button"
              class="danger-text"
              disabled={action.isBusy}
              onClick={async () => {
                const question = { title: texts.removeTitle(name), body: texts.removeBody, action: texts.remove };
                if (await ask({ ...question, isDangerous: true })) await action.run(() => group.remove(hrid));
              }}
            >
              {texts.remove}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** Makes a contact of a member, under a name of one's own. */
function Keeping({
  group,
  hrid,
  action,
}: {
  readonly group: Group;
  readonly hrid: string;
  readonly action: Action;
}): JSX.Element {
  const session = useSession();
  const { members: texts, contacts } = messages.value;
  const [name, setName] = useState('');
  const isOthers = isTaken(session, name, hrid);
  return (
    <Form
      class="inline-form"
      onSubmit={() => void action.run(() => session.client.addContact(group.inviteOf(hrid), { name: name.trim() }))}
    >
      <Field
        label={texts.keepName}
        value={name}
        onInput={setName}
        error={isOthers ? contacts.taken : null}
        maxLength={64}
      />
      <button type="submit" disabled={action.isBusy || isOthers || name.trim() === ''}>
        {texts.keep}
      </button>
    </Form>
  );
}

function Adding({ group, action }: { readonly group: Group; readonly action: Action }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { members: texts, home } = messages.value;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const inGroup = new Set(group.members.map(({ hrid }) => hrid));
  const others = session.client.contacts.filter(({ hrid }) => !inGroup.has(hrid));
  const add = () =>
    action.run(async () => {
      await group.add(others.filter(({ hrid }) => chosen.has(hrid)).map(({ invite }) => invite));
      setChosen(new Set());
    });
  return (
    <section class="card">
      <h2>{texts.add}</h2>
      {others.length === 0 ? (
        <p>
          {texts.addNone} <a href={linkTo({ page: 'meet' })}>{home.meet}</a>
        </p>
      ) : (
        <Form onSubmit={() => void add()}>
          <p class="hint">{texts.addHint}</p>
          <Choice people={others} chosen={chosen} onChoose={setChosen} label={texts.add} />
          <button type="submit" class="primary" disabled={action.isBusy || chosen.size === 0}>
            {texts.addGo}
          </button>
        </Form>
      )}
    </section>
  );
}
