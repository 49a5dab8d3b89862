// The list of groups, those in which something happened last at the top, and the ways to everything else.

import type { JSX } from 'preact';
import type { Group } from '../../index.ts';
import { Avatar } from '../components/avatar.tsx';
import { useSession } from '../components/context.ts';
import { Icon, type IconName, Mark } from '../components/icon.tsx';
import { messages } from '../model/language.ts';
import { groupName, nameOf, summaryOf, summaryOfText } from '../model/people.ts';
import { answerInvite, go, invite, linkTo, type Route, route } from '../model/route.ts';
import { maxUnread } from '../model/session.ts';
import { tell } from '../model/story.ts';

export function Home(): JSX.Element {
  const session = useSession();
  const { home } = messages.value;
  const { groups } = session;
  return (
    <>
      <header class="side-head">
        <p class="brand">
          <Mark />
          Cliquet
          <Dot />
        </p>
        <SideLink to={{ page: 'contacts' }} icon="people" label={home.contacts} />
        <SideLink to={{ page: 'settings' }} icon="gear" label={home.settings} />
      </header>
      <Waiting />
      <Reminder />
      <h2 class="unseen">{home.title}</h2>
      {groups.length === 0 ? (
        <div class="side-empty">
          <p>{home.none}</p>
          <p class="hint">{home.noneHint}</p>
        </div>
      ) : (
        <ul class="groups">
          {groups.map((group) => (
            <GroupRow key={group.id} group={group} />
          ))}
        </ul>
      )}
      <footer class="side-foot">
        <a class="button primary" href={linkTo({ page: 'meet' })}>
          <Icon name="qr" />
          {home.meet}
        </a>
        <a class="button" href={linkTo({ page: 'new' })}>
          <Icon name="add" />
          {home.newGroup}
        </a>
      </footer>
    </>
  );
}

function SideLink({
  to,
  icon,
  label,
}: {
  readonly to: Route;
  readonly icon: IconName;
  readonly label: string;
}): JSX.Element {
  return (
    <a
      class="button quiet square"
      href={linkTo(to)}
      aria-label={label}
      title={label}
      aria-current={route.value.page === to.page ? 'page' : undefined}
    >
      <Icon name={icon} />
    </a>
  );
}

/** How the line is, at a glance. */
function Dot(): JSX.Element {
  const session = useSession();
  session.version.value;
  const { connection } = session.client;
  const { line } = messages.value;
  const label = connection === 'online' ? line.online : line.connecting;
  return <span class={`dot dot-${connection}`} role="img" aria-label={label} title={label} />;
}

/** An invite that the person has followed and not looked at yet. */
function Waiting(): JSX.Element | null {
  const { meet } = messages.value;
  if (invite.value === null || route.value.page === 'meet') return null;
  return (
    <div class="notice">
      <p>{meet.waiting}</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => go({ page: 'meet' })}>
          {meet.answer}
        </button>
        <button type="button" class="quiet" onClick={answerInvite}>
          {meet.drop}
        </button>
      </div>
    </div>
  );
}

/** Who has something to lose is asked to keep the words. */
function Reminder(): JSX.Element | null {
  const session = useSession();
  const { home } = messages.value;
  if (session.profile.value.hasBackup || session.groups.length === 0) return null;
  return (
    <a class="notice" href={linkTo({ page: 'backup' })}>
      {home.backup} <strong>{home.backupGo}</strong>
    </a>
  );
}

function GroupRow({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { home, words, group: texts } = messages.value;
  const { unread, at } = session.head(group.id);
  const current = route.value;
  const isChosen = current.page === 'group' && group.id === current.group;
  const name = groupName(session, group);
  const needsAnswer = group.status === 'invited' || (group.status === 'active' && group.requests.length > 0);
  return (
    <li>
      <a
        class={`group-row ${unread > 0 ? 'has-unread' : ''}`}
        href={linkTo({ page: 'group', group: group.id, pane: null })}
        aria-current={isChosen ? 'page' : undefined}
      >
        <Avatar id={group.id} name={name} kind="group" />
        <span class="group-row-main">
          <span class="group-row-top">
            <bdi class="group-name">{name}</bdi>
            {group.isVerified && group.members.length > 1 && (
              <span class="verified" role="img" aria-label={texts.verified} title={texts.verified}>
                <Icon name="shield" />
              </span>
            )}
            {at > 0 && <time class="when">{words.when(at)}</time>}
          </span>
          <span class="group-row-bottom">
            <span class="last">
              <LastLine group={group} />
            </span>
            {needsAnswer && <Icon name="alert" />}
            {unread > 0 && (
              <span class="badge">
                <span aria-hidden="true">{unread > maxUnread ? `${maxUnread}+` : unread}</span>
                <span class="unseen">{home.unread(unread)}</span>
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
}

function LastLine({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { home } = messages.value;
  const { newest, line, draft } = session.head(group.id);
  switch (group.status) {
    case 'invited':
      return <strong>{home.invited}</strong>;
    case 'left':
      return <>{home.left}</>;
    case 'removed':
      return <>{home.removed}</>;
    case 'lost':
      return <>{home.lost}</>;
    default:
  }
  if (draft.trim() !== '')
    return (
      <>
        <strong>{home.draft}</strong>: <bdi>{summaryOfText(draft)}</bdi>
      </>
    );
  if (newest !== null && newest.receivedAt >= (line?.at ?? 0)) {
    const name = newest.isSelf ? messages.value.common.youTitle : nameOf(session, newest.sender);
    return (
      <>
        <bdi>{name}</bdi>: <bdi>{summaryOf(newest)}</bdi>
      </>
    );
  }
  return <>{line === null ? home.nothing : tell(session, group, line).text}</>;
}
