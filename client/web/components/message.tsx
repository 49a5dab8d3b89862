// One message of a conversation, with what can be done with it. It reads signals, so it is drawn again only when those or
// its properties change.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { HistoryEntry, MessageState } from '../../index.ts';
import { messages } from '../model/language.ts';
import { nameOf, namesOf, summaryOf } from '../model/people.ts';
import { Attachment } from './attachment.tsx';
import { Avatar, colourOf } from './avatar.tsx';
import { useSession } from './context.ts';
import { Icon, type IconName } from './icon.tsx';
import { Text } from './text.tsx';

const stateIcons: Record<MessageState, IconName | null> = {
  received: null,
  unsent: 'clock',
  sealed: 'clock',
  accepted: 'check',
  delivered: 'checks',
  confirmed: 'confirmed',
  failed: 'alert',
  unconfirmed: 'alert',
};

export interface MessageDeeds {
  reply(entry: HistoryEntry): void;
  edit(entry: HistoryEntry): void;
  delete(entry: HistoryEntry): void;
  copy(entry: HistoryEntry): void;
  /** Says it again, if it was not sent. */
  again(entry: HistoryEntry): void;
  /** Goes where it stands. */
  show(entry: HistoryEntry): void;
}

interface MessageProps {
  readonly entry: HistoryEntry;
  /** What it answers, if that is here. */
  readonly answered: HistoryEntry | null;
  /** Whether the message before is of the same sender, and just before. */
  readonly isRun: boolean;
  /** Whether something can be said here. */
  readonly isOpen: boolean;
  readonly deeds: MessageDeeds;
}

export function Message({ entry, answered, isRun, isOpen, deeds }: MessageProps): JSX.Element {
  const session = useSession();
  const { talk, words } = messages.value;
  const [isExpanded, setExpanded] = useState(false);
  const name = nameOf(session, entry.sender);
  const time = words.clock(entry.receivedAt);
  const isText = entry.content?.type === 'text';
  const act = (deed: (entry: HistoryEntry) => void) => () => {
    setExpanded(false);
    deed(entry);
  };
  return (
    <li
      class={`message ${entry.isSelf ? 'own' : ''} ${isRun ? 'run' : ''} state-${entry.state}`}
      data-message={entry.id}
      data-number={entry.number}
    >
      {!entry.isSelf && (isRun ? <span class="avatar" /> : <Avatar id={entry.sender} name={name} />)}
      <div class="bubble">
        {!entry.isSelf && !isRun && <bdi class={`sender colour-${colourOf(entry.sender)}`}>{name}</bdi>}
        {entry.isSelf && <span class="unseen">{talk.said(messages.value.common.youTitle)}</span>}
        {entry.reply !== null && <Quote answered={answered} onShow={deeds.show} />}
        <Content entry={entry} />
        <Meta entry={entry} time={time} />
        {isExpanded && (
          <div class="message-actions">
            {entry.isSelf && <p class="message-state">{talk.states[entry.state]}</p>}
            {isOpen && <ActionButton icon="reply" label={talk.reply} onClick={act(deeds.reply)} />}
            {isOpen && entry.state === 'failed' && (
              <ActionButton icon="send" label={talk.again} onClick={act(deeds.again)} />
            )}
            {isText && <ActionButton icon="copy" label={talk.copy} onClick={act(deeds.copy)} />}
            {isOpen && entry.isSelf && isText && (
              <ActionButton icon="edit" label={talk.edit} onClick={act(deeds.edit)} />
            )}
            {isOpen && entry.isSelf && <ActionButton icon="trash" label={talk.delete} onClick={act(deeds.delete)} />}
          </div>
        )}
      </div>
      {entry.content !== null && (
        <button
          type="button"
          class="quiet square message-more"
          aria-expanded={isExpanded}
          aria-label={talk.actions(name, time)}
          onClick={() => setExpanded(!isExpanded)}
        >
          <Icon name="more" />
        </button>
      )}
    </li>
  );
}

interface ActionButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
}

const ActionButton = ({ icon, label, onClick }: ActionButtonProps): JSX.Element => (
  <button type="button" class="quiet" onClick={onClick}>
    <Icon name={icon} />
    {label}
  </button>
);

interface QuoteProps {
  readonly answered: HistoryEntry | null;
  readonly onShow: (entry: HistoryEntry) => void;
}

function Quote({ answered, onShow }: QuoteProps): JSX.Element {
  const session = useSession();
  const { talk } = messages.value;
  if (answered === null) return <span class="quote">{talk.replyGone}</span>;
  return (
    <button type="button" class={`quote colour-${colourOf(answered.sender)}`} onClick={() => onShow(answered)}>
      <bdi class="sender">{nameOf(session, answered.sender)}</bdi>
      <bdi class="quote-text">{summaryOf(answered)}</bdi>
    </button>
  );
}

function Content({ entry: { content } }: { readonly entry: HistoryEntry }): JSX.Element {
  const { talk } = messages.value;
  switch (content?.type) {
    case undefined:
      return <em class="gone">{talk.deleted}</em>;
    case 'text':
      return <Text text={content.text} />;
    case 'bytes':
      return <Attachment file={content} />;
    case 'extension':
      return <em class="gone">{talk.extension}</em>;
    case 'unsupported':
      return <em class="gone">{talk.unsupported}</em>;
  }
}

function Meta({ entry, time }: { readonly entry: HistoryEntry; readonly time: string }): JSX.Element {
  const session = useSession();
  const { talk, words } = messages.value;
  const { state, editedAt, expiresAt, readBy, receivedAt, content } = entry;
  const icon = content === null ? null : stateIcons[state];
  return (
    <span class="meta">
      {expiresAt !== null && (
        <span
          class="meta-mark"
          role="img"
          aria-label={talk.disappears(words.when(expiresAt))}
          title={talk.disappears(words.when(expiresAt))}
        >
          <Icon name="timer" />
        </span>
      )}
      {editedAt !== null && content !== null && <span>{talk.edited}</span>}
      <time dateTime={new Date(receivedAt * 1000).toISOString()}>{time}</time>
      {icon !== null && (
        <span class="meta-mark" role="img" aria-label={talk.states[state]} title={talk.states[state]}>
          <Icon name={icon} />
        </span>
      )}
      {readBy.length > 0 && <span class="read-by">{talk.readBy(namesOf(session, readBy))}</span>}
    </span>
  );
}
