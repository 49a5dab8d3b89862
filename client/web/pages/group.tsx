// One group: its conversation, or what there is to say in place of it, with one of its panes beside it.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Group } from '../../index.ts';
import { Asking } from '../components/asking.tsx';
import { Avatar } from '../components/avatar.tsx';
import { Composer } from '../components/composer.tsx';
import { useSession } from '../components/context.ts';
import { ask } from '../components/dialog.tsx';
import { Field } from '../components/field.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import { Talk } from '../components/talk.tsx';
import { useAction } from '../components/use-action.ts';
import type { Conversation } from '../model/conversation.ts';
import { messages } from '../model/language.ts';
import { groupName, isKnown, isTaken, nameOf, namesOf } from '../model/people.ts';
import { go, leave, linkTo, type Pane } from '../model/route.ts';
import { About, Inside, Members, Verify } from './later.ts';

export function GroupPage({ id, pane }: { readonly id: string; readonly pane: Pane | null }): JSX.Element {
  const session = useSession();
  const group = session.find(id);
  if (group === undefined)
    return (
      <Page title={messages.value.home.title} back={{ page: 'home' }}>
        <p>{messages.value.common.notFound}</p>
      </Page>
    );
  if (group.status === 'invited') return <Invitation key={group.id} group={group} />;
  return (
    <div class={`group ${pane === null ? '' : 'with-pane'}`}>
      <section class="group-main" key={group.id}>
        <GroupBar group={group} pane={pane} />
        <Discussion group={group} />
      </section>
      {pane !== null && <PaneOf group={group} pane={pane} />}
    </div>
  );
}

function PaneOf({ group, pane }: { readonly group: Group; readonly pane: Pane }): JSX.Element {
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      const isAsked = document.querySelector('dialog[open]') !== null;
      if (event.key === 'Escape' && !event.defaultPrevented && !isAsked)
        leave({ page: 'group', group: group.id, pane: null });
    };
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('keydown', close);
      // What had the focus is gone: who closes a pane goes on where it was opened.
      requestAnimationFrame(() => {
        if (document.activeElement === document.body)
          document.querySelector<HTMLElement>(`[data-pane="${pane}"]`)?.focus();
      });
    };
  }, [group.id, pane]);
  switch (pane) {
    case 'members':
      return <Members group={group} />;
    case 'verify':
      return <Verify key={group.id} group={group} />;
    case 'inside':
      return <Inside group={group} />;
    case 'about':
      return <About key={group.id} group={group} />;
  }
}

function GroupBar({ group, pane }: { readonly group: Group; readonly pane: Pane | null }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { common, home, group: texts } = messages.value;
  const name = groupName(session, group);
  const elsewhere = session.unread - session.head(group.id).unread;
  const { isVerified, members } = group;
  const others = members.filter(({ isSelf }) => !isSelf).map(({ hrid }) => hrid);
  const heading = useRef<HTMLHeadingElement>(null);
  // With a keyboard, the composer takes the focus.
  useEffect(() => {
    if (!matchMedia('(pointer: fine)').matches) heading.current?.focus();
  }, []);
  return (
    <header class="bar">
      <button
        type="button"
        class="quiet square back"
        onClick={() => leave({ page: 'home' })}
        aria-label={elsewhere > 0 ? `${common.back}, ${home.unread(elsewhere)}` : common.back}
      >
        <Icon name="back" />
        {elsewhere > 0 && <span class="dot" />}
      </button>
      <Avatar id={group.id} name={name} kind="group" />
      <div class="bar-title">
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{name}</bdi>
        </h1>
        <p class="hint bar-members">
          {texts.count(members.length)}
          {group.name !== '' && others.length > 0 && ` · ${namesOf(session, others)}`}
        </p>
      </div>
      <BarLink group={group} to="verify" pane={pane} icon="shield" isGood={isVerified && members.length > 1}>
        {`${texts.verify}: ${isVerified ? texts.verified : texts.notVerified}`}
      </BarLink>
      <BarLink group={group} to="members" pane={pane} icon="people">
        {texts.members}
      </BarLink>
      <BarLink group={group} to="inside" pane={pane} icon="inside">
        {texts.inside}
      </BarLink>
      <BarLink group={group} to="about" pane={pane} icon="gear">
        {texts.about}
      </BarLink>
    </header>
  );
}

interface BarLinkProps {
  readonly group: Group;
  readonly to: Pane;
  readonly pane: Pane | null;
  readonly icon: IconName;
  readonly isGood?: boolean;
  readonly children: string;
}

/** Opens a pane, and closes it again. */
function BarLink({ group, to, pane, icon, isGood = false, children }: BarLinkProps): JSX.Element {
  const isOpen = pane === to;
  return (
    <a
      class={`button quiet square ${isGood ? 'good' : ''}`}
      href={linkTo({ page: 'group', group: group.id, pane: isOpen ? null : to })}
      aria-label={children}
      title={children}
      aria-current={isOpen ? 'true' : undefined}
      data-pane={to}
    >
      <Icon name={icon} />
    </a>
  );
}

function Discussion({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const conversation = session.converse(group);
  useEffect(() => () => session.leave(group), [group.id]);
  const { status } = group;
  const isOpen = status === 'active' || status === 'lost';
  return (
    <>
      <Notices group={group} />
      <Talk group={group} conversation={conversation} isOpen={isOpen} />
      {isOpen && <Composer conversation={conversation} onEditLast={() => editLast(conversation)} />}
    </>
  );
}

function editLast(conversation: Conversation): void {
  const found = conversation.items.value?.findLast(
    (item) => item.type === 'message' && item.entry.isSelf && item.entry.content?.type === 'text',
  );
  if (found?.type !== 'message' || found.entry.content?.type !== 'text') return;
  conversation.setDraft({ edits: found.entry.id, reply: null, text: found.entry.content.text });
}

/** What one has to know of the group before one reads on. */
function Notices({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { group: texts, talk, words } = messages.value;
  const { status, members, heldUpSince, timerSeconds } = group;
  const isMember = members.some(({ isSelf }) => isSelf);
  return (
    <div class="notices">
      {status === 'lost' && <Notice>{isMember ? texts.lost : texts.lostOther}</Notice>}
      {status === 'left' && <Notice>{texts.left}</Notice>}
      {status === 'removed' && <Notice>{texts.removed}</Notice>}
      {heldUpSince !== null && <Notice>{texts.heldUp(words.when(heldUpSince))}</Notice>}
      {status === 'active' && members.length === 1 && <Notice>{texts.alone}</Notice>}
      {status === 'active' && <Asking group={group} />}
      {status === 'active' && timerSeconds !== null && (
        <p class="notice-quiet">
          <Icon name="timer" /> {talk.timerOn(words.duration(timerSeconds))}
        </p>
      )}
    </div>
  );
}

const Notice = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="notice notice-warning">
    <Icon name="alert" />
    <span>{children}</span>
  </p>
);

function Invitation({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { group: texts, members: memberTexts, contacts } = messages.value;
  const { isBusy, run } = useAction();
  const [name, setName] = useState('');
  const { line } = session.head(group.id);
  const inviter = line?.type === 'invited' ? line.by : (group.members[0]?.hrid ?? '');
  const isStranger = !isKnown(session, inviter);
  const isOthers = isTaken(session, name, inviter);
  const accept = () =>
    run(async () => {
      if (isStranger && name.trim() !== '') {
        await session.client.addContact(group.inviteOf(inviter), { name: name.trim() });
      }
      await group.accept();
    });
  const decline = async () => {
    const { declineTitle, declineBody, decline: action } = texts;
    if (!(await ask({ title: declineTitle, body: declineBody, action }))) return;
    if (await run(() => group.decline())) go({ page: 'home' }, { replace: true });
  };
  return (
    <Page title={groupName(session, group)} back={{ page: 'home' }}>
      <p class="lead">{texts.invitedBy(nameOf(session, inviter), group.members.length)}</p>
      {isStranger && (
        <>
          <p class="notice notice-warning">
            <Icon name="alert" />
            <span>{texts.invitedStranger}</span>
          </p>
          <Field
            label={texts.callThem}
            value={name}
            onInput={setName}
            error={isOthers ? contacts.taken : null}
            maxLength={64}
          />
        </>
      )}
      <h2>{memberTexts.title}</h2>
      <ul class="plain">
        {group.members.map(({ hrid }) => (
          <li key={hrid} class="person">
            <Avatar id={hrid} name={nameOf(session, hrid)} />
            <bdi>{nameOf(session, hrid)}</bdi>
          </li>
        ))}
      </ul>
      <div class="row">
        <button type="button" class="primary" disabled={isBusy || isOthers} onClick={() => void accept()}>
          {texts.accept}
        </button>
        <button type="button" disabled={isBusy} onClick={() => void decline()}>
          {texts.decline}
        </button>
      </div>
    </Page>
  );
}
