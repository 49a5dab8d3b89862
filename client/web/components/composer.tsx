// Where one writes. What is written stays as a draft until it is sent.

import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Conversation } from '../model/conversation.ts';
import { messages } from '../model/language.ts';
import { nameOf, summaryOf } from '../model/people.ts';
import { useSession } from './context.ts';
import { Form } from './field.tsx';
import { Icon } from './icon.tsx';
import { complain, warn } from './toast.tsx';

const maxFileBytes = 64 * 1024;
const maxNameLength = 128;

interface ComposerProps {
  readonly conversation: Conversation;
  /** The person wants to change what they said last. */
  readonly onEditLast: () => void;
}

export function Composer({ conversation, onEditLast }: ComposerProps): JSX.Element {
  const { talk } = messages.value;
  const box = useRef<HTMLTextAreaElement>(null);
  const draft = conversation.draft.value;
  useEffect(() => {
    // With a keyboard one wants to write at once; on a phone it would hide half of what there is to read.
    if (matchMedia('(pointer: fine)').matches) box.current?.focus();
  }, [conversation]);
  useEffect(() => {
    if (draft.reply !== null || draft.edits !== null) box.current?.focus();
  }, [draft.reply, draft.edits]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [draft.text]);
  const send = () => {
    conversation.send().catch(complain);
    box.current?.focus();
  };
  const drop = () => {
    conversation.setDraft(draft.edits === null ? { reply: null } : { edits: null, text: '' });
    box.current?.focus();
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.isComposing) return;
    const isPlain = !event.shiftKey && !event.altKey;
    const sends = event.ctrlKey || event.metaKey || (isPlain && matchMedia('(pointer: fine)').matches);
    if (event.key === 'Enter' && sends) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && (draft.reply !== null || draft.edits !== null)) {
      event.preventDefault();
      drop();
    } else if (event.key === 'ArrowUp' && draft.text === '') {
      event.preventDefault();
      onEditLast();
    }
  };
  return (
    <Form class="composer" onSubmit={send}>
      <DraftNote conversation={conversation} onDrop={drop} />
      <div class="composer-row">
        <FileButton conversation={conversation} />
        <textarea
          ref={box}
          rows={1}
          dir="auto"
          // Else browsers keep what is written outside of the store, to show it again after they have ended.
          autoComplete="off"
          value={draft.text}
          aria-label={talk.write}
          placeholder={talk.write}
          maxLength={65_536}
          onInput={(event) => conversation.setDraft({ text: event.currentTarget.value })}
          onKeyDown={onKey}
          onPaste={(event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (files.length === 0) return;
            event.preventDefault();
            sendFiles(conversation, files).catch(complain);
          }}
          onDrop={(event) => {
            const files = [...(event.dataTransfer?.files ?? [])];
            if (files.length === 0) return;
            event.preventDefault();
            sendFiles(conversation, files).catch(complain);
          }}
        />
        <button type="submit" class="primary square send" aria-label={talk.send} disabled={draft.text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </Form>
  );
}

interface DraftNoteProps {
  readonly conversation: Conversation;
  readonly onDrop: () => void;
}

function DraftNote({ conversation, onDrop }: DraftNoteProps): JSX.Element | null {
  const session = useSession();
  const { talk } = messages.value;
  const { reply, edits } = conversation.draft.value;
  // It may change, or go.
  conversation.items.value;
  const id = edits ?? reply;
  if (id === null) return null;
  const entry = conversation.answered(id);
  const title = edits !== null || entry === null ? talk.editing : talk.replying(nameOf(session, entry.sender));
  return (
    <div class="draft-note">
      <Icon name={edits === null ? 'reply' : 'edit'} />
      <span class="draft-note-text">
        <strong>{title}</strong>
        <bdi>{entry === null ? talk.replyGone : summaryOf(entry)}</bdi>
      </span>
      <button
        type="button"
        class="quiet square"
        onClick={onDrop}
        aria-label={edits === null ? talk.stopReply : talk.stopEdit}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** Sends a file; a picture that is too large is made smaller first. */
async function sendFile(conversation: Conversation, file: File): Promise<void> {
  const name = file.name.slice(-maxNameLength);
  if (file.size <= maxFileBytes) {
    const data = new Uint8Array(await file.arrayBuffer());
    return conversation.sendFile(name, file.type.slice(0, maxNameLength) || 'application/octet-stream', data);
  }
  const isPicture = file.type.startsWith('image/');
  const small = isPicture ? await (await import('../shrink.ts')).shrink(file, maxFileBytes) : null;
  if (small === null) return warn(messages.value.talk.tooLarge);
  const ending = small.mediaType.split('/')[1] ?? '';
  await conversation.sendFile(`${name.replace(/\.[^.]*$/, '').slice(0, 100)}.${ending}`, small.mediaType, small.data);
}

async function sendFiles(conversation: Conversation, files: Iterable<File>): Promise<void> {
  for (const file of files) await sendFile(conversation, file);
}

function FileButton({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { talk } = messages.value;
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="quiet square" aria-label={talk.attach} onClick={() => input.current?.click()}>
        <Icon name="attach" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          sendFiles(conversation, files).catch(complain);
        }}
      />
    </>
  );
}
