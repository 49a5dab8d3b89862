// The conversation itself: days, messages and what happened, the newest at the bottom. It follows what comes as long as one
// is at the bottom, and stays where it is while older messages are put above.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Group, HistoryEntry } from '../../index.ts';
import type { Conversation } from '../model/conversation.ts';
import type { Item } from '../model/item.ts';
import { messages } from '../model/language.ts';
import { nameOf, summaryOf } from '../model/people.ts';
import { linkTo } from '../model/route.ts';
import { tell } from '../model/story.ts';
import { useSession } from './context.ts';
import { copyText } from './copy.ts';
import { ask } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { Message, type MessageDeeds } from './message.tsx';
import { complain } from './toast.tsx';

/** Messages of one sender within so many seconds stand closer together. */
const runSeconds = 300;
/** So many pixels from the bottom still count as the bottom. */
const bottomSlack = 48;
/** So long a message that was looked for stands out. */
const pointMs = 1500;
/** So far above the top older messages are fetched. */
const fetchAhead = '600px 0px 0px 0px';

const isBottom = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean =>
  scrollHeight - scrollTop - clientHeight < bottomSlack;

interface TalkProps {
  readonly group: Group;
  readonly conversation: Conversation;
  readonly isOpen: boolean;
}

export function Talk({ group, conversation, isOpen }: TalkProps): JSX.Element {
  const { talk } = messages.value;
  const items = conversation.items.value;
  const list = useRef<HTMLElement>(null);
  // Null until it is known where one is.
  const [isAtBottom, setAtBottom] = useState<boolean | null>(null);
  const measure = () => setAtBottom(list.current !== null && isBottom(list.current));
  useFollow(list, conversation, items, isAtBottom, measure);
  useEffect(() => conversation.follow(isAtBottom === true), [conversation, isAtBottom]);
  useRead(conversation, items, isAtBottom === true);
  const deeds = useDeeds(conversation);
  const toBottom = () => list.current?.scrollTo({ top: list.current.scrollHeight });
  return (
    <div class="talk">
      <section
        class="talk-scroll"
        ref={list}
        aria-label={talk.conversation}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable with the keyboard
        tabIndex={0}
        onScroll={measure}
      >
        {items !== null && conversation.hasOlder.value && <Older conversation={conversation} />}
        {items === null ? (
          <p class="talk-note">{talk.loading}</p>
        ) : (
          <ol class="talk-list">
            {items.length === 0 && group.status === 'active' && <li class="talk-note">{talk.begin}</li>}
            <Rows group={group} conversation={conversation} items={items} isOpen={isOpen} deeds={deeds} />
          </ol>
        )}
      </section>
      {isAtBottom === false && (
        <button type="button" class="square to-newest" onClick={toBottom} aria-label={talk.toNewest}>
          <Icon name="down" />
        </button>
      )}
      <Announcer items={items} />
    </div>
  );
}

interface RowsProps extends TalkProps {
  readonly items: readonly Item[];
  readonly deeds: MessageDeeds;
}

function Rows({ group, conversation, items, isOpen, deeds }: RowsProps): JSX.Element {
  const session = useSession();
  const { words, talk } = messages.value;
  const rows: JSX.Element[] = [];
  let day = '';
  let before: HistoryEntry | null = null;
  for (const item of items) {
    const itsDay = new Date(item.at * 1000).toDateString();
    if (itsDay !== day) {
      rows.push(
        <li key={`d${itsDay}`} class="day">
          <span>{words.day(item.at)}</span>
        </li>,
      );
      before = null;
    }
    day = itsDay;
    if (item.type === 'line') {
      const { text, isWarning, remedy } = tell(session, group, item.line);
      rows.push(
        <li key={item.key} class={`event ${isWarning ? 'event-warning' : ''}`} data-event={item.line.type}>
          {isWarning && <Icon name="alert" />}
          <span>
            {text}
            {remedy !== null && (
              <>
                {' '}
                <a href={linkTo({ page: 'group', group: group.id, pane: remedy.pane })}>{remedy.label}</a>
              </>
            )}
          </span>
        </li>,
      );
      before = null;
      continue;
    }
    const { entry } = item;
    if (entry.number === conversation.unreadFrom) {
      rows.push(
        <li key="unread" class="unread-from">
          <span>{talk.unreadFrom}</span>
        </li>,
      );
      before = null;
    }
    const isRun = before?.sender === entry.sender && entry.receivedAt - before.receivedAt < runSeconds;
    const answered = entry.reply === null ? null : conversation.answered(entry.reply);
    rows.push(<Message key={item.key} entry={entry} answered={answered} isRun={isRun} isOpen={isOpen} deeds={deeds} />);
    before = entry;
  }
  return <>{rows}</>;
}

/** Fetches older messages when one comes near to them. */
function Older({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const mark = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = mark.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        // Looked at anew afterwards: it may still be in sight.
        observer.unobserve(element);
        conversation.older().then(() => observer.observe(element), complain);
      },
      { root: element.parentElement, rootMargin: fetchAhead },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [conversation]);
  return (
    <p ref={mark} class="talk-note">
      {messages.value.talk.loading}
    </p>
  );
}

/** Keeps what is looked at where it is, whatever comes above or below. */
function useFollow(
  list: { readonly current: HTMLElement | null },
  conversation: Conversation,
  items: readonly Item[] | null,
  isAtBottom: boolean | null,
  measure: () => void,
): void {
  const before = useRef<{ first: string | undefined; height: number } | null>(null);
  const shown = useRef<Conversation | null>(null);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null || items === null) return;
    const first = items[0]?.key;
    const isNew = shown.current !== conversation;
    shown.current = conversation;
    if (isNew) {
      const unread = element.querySelector('.unread-from');
      if (unread === null) element.scrollTop = element.scrollHeight;
      else unread.scrollIntoView({ block: 'start' });
      measure();
    } else if (before.current !== null && before.current.first !== first && isAtBottom !== true) {
      element.scrollTop += element.scrollHeight - before.current.height;
    } else if (isAtBottom === true) element.scrollTop = element.scrollHeight;
    before.current = { first, height: element.scrollHeight };
  }, [items, conversation]);
  // A keyboard that comes up, or a draft that grows, does not hide the newest message.
  useEffect(() => {
    const element = list.current;
    if (element === null || isAtBottom !== true) return;
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    // A picture has no height before it is there.
    const content = element.querySelector('.talk-list');
    if (content !== null) observer.observe(content);
    return () => observer.disconnect();
  }, [conversation, isAtBottom]);
}

/** What is on the screen, while somebody looks at it, is read. */
function useRead(conversation: Conversation, items: readonly Item[] | null, isAtBottom: boolean): void {
  useEffect(() => {
    const look = () => {
      if (items !== null && isAtBottom && document.visibilityState === 'visible')
        conversation.markRead().catch(complain);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [conversation, items, isAtBottom]);
}

function useDeeds(conversation: Conversation): MessageDeeds {
  return useMemo(
    () => ({
      reply: ({ id }) => conversation.setDraft({ reply: id, edits: null }),
      edit: ({ id, content }) => {
        if (content?.type === 'text') conversation.setDraft({ edits: id, reply: null, text: content.text });
      },
      copy: ({ content }) => {
        if (content?.type === 'text') void copyText(content.text);
      },
      again: (entry) => void conversation.again(entry).catch(complain),
      show: ({ number }) => void conversation.reach(number).then(() => point(number), complain),
      delete: ({ id }) => {
        const { deleteTitle, deleteBody, deleteGo } = messages.value.talk;
        void ask({ title: deleteTitle, body: deleteBody, action: deleteGo, isDangerous: true }).then((yes) =>
          yes ? conversation.delete(id).catch(complain) : undefined,
        );
      },
    }),
    [conversation],
  );
}

/** Brings a message into sight, and shows which one it is. */
function point(number: number): void {
  const found = document.querySelector(`[data-number="${number}"]`);
  found?.scrollIntoView({ block: 'center' });
  found?.classList.add('found');
  setTimeout(() => found?.classList.remove('found'), pointMs);
}

/** Reads out what others say while the conversation is open, and not what was there before. */
function Announcer({ items }: { readonly items: readonly Item[] | null }): JSX.Element {
  const session = useSession();
  const newest = useRef<number | null>(null);
  const [text, setText] = useState('');
  useEffect(() => {
    const last = items?.findLast(({ type }) => type === 'message');
    if (items === null) return;
    const number = last?.type === 'message' ? last.entry.number : -1;
    const isNews = newest.current !== null && number > newest.current;
    newest.current = number;
    if (isNews && last?.type === 'message' && !last.entry.isSelf) {
      setText(`${messages.value.talk.said(nameOf(session, last.entry.sender))} ${summaryOf(last.entry)}`);
    }
  }, [items]);
  return (
    <div class="unseen" role="log" aria-live="polite">
      {text}
    </div>
  );
}
