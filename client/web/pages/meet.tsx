// Meeting somebody: one's own invite to show, and theirs to open, paste or scan.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { CliquetError } from '../../index.ts';
import { useSession } from '../components/context.ts';
import { copyText } from '../components/copy.ts';
import { Field, Form } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { PictureButton, Scan } from '../components/scan.tsx';
import { complain, note } from '../components/toast.tsx';
import { useAction } from '../components/use-action.ts';
import { suggestedName, toInviteLink } from '../model/invite-link.ts';
import { messages } from '../model/language.ts';
import { groupName, isTaken } from '../model/people.ts';
import { answerInvite, go, invite, linkTo } from '../model/route.ts';
import { sentenceOf } from '../model/sentence.ts';

export function Meet(): JSX.Element {
  const session = useSession();
  session.version.value;
  const { meet } = messages.value;
  const [link, setLink] = useState<string | null>(null);
  const theirs = link ?? invite.value;
  return (
    <Page title={meet.title} back={{ page: 'home' }} class="meet">
      <Invitations />
      {theirs === null && session.client.isRegistered && <Mine />}
      {theirs !== null ? (
        <Guest
          key={theirs}
          link={theirs}
          onDone={() => {
            answerInvite();
            setLink(null);
          }}
        />
      ) : (
        <Theirs onLink={setLink} />
      )}
      {theirs !== null && session.client.isRegistered && <Mine />}
    </Page>
  );
}

/** Whoever has answered the invite that is shown here. */
function Invitations(): JSX.Element {
  const session = useSession();
  const { meet } = messages.value;
  const invitations = session.groups.filter(({ status }) => status === 'invited');
  return (
    <div role="status" class="invitations">
      {invitations.map((group) => (
        <a key={group.id} class="notice" href={linkTo({ page: 'group', group: group.id, pane: null })}>
          {meet.answered(groupName(session, group))} <strong>{meet.answer}</strong>
        </a>
      ))}
    </div>
  );
}

function Mine(): JSX.Element {
  const session = useSession();
  const { meet, common } = messages.value;
  const { name } = session.profile.value;
  const link = toInviteLink(location.origin, session.client.invite(), name);
  return (
    <section class="card">
      <h2>{meet.mine}</h2>
      <p class="hint">{meet.mineHint}</p>
      <QrCode content={link} label={meet.qr} />
      <Field
        label={meet.name}
        hint={meet.nameHint}
        value={name}
        onInput={(value) => void session.setProfile({ name: value }).catch(complain)}
        autoComplete="nickname"
        maxLength={64}
      />
      <input
        class="link"
        readOnly
        value={link}
        aria-label={meet.mine}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="row">
        <button type="button" class="primary" onClick={() => void copyText(link)}>
          <Icon name="copy" />
          {meet.copy}
        </button>
        {'share' in navigator && (
          <button type="button" onClick={() => void navigator.share({ url: link }).catch(() => undefined)}>
            <Icon name="share" />
            {common.share}
          </button>
        )}
      </div>
    </section>
  );
}

function Theirs({ onLink }: { readonly onLink: (link: string) => void }): JSX.Element {
  const { meet, errors } = messages.value;
  const [link, setLink] = useState('');
  const [isScanning, setScanning] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const take = (text: string) => {
    setScanning(false);
    if (!text.includes('cliquet:')) return setProblem(errors['invite-invalid']);
    setProblem(null);
    onLink(text);
  };
  return (
    <section class="card">
      <h2>{meet.theirs}</h2>
      <Form class="inline-form" onSubmit={() => take(link)}>
        <Field
          label={meet.paste}
          value={link}
          onInput={(value) => {
            setProblem(null);
            setLink(value);
            if (value.includes('cliquet:')) take(value);
          }}
          error={problem}
          autoComplete="off"
        />
        <button type="submit" disabled={link.trim() === ''}>
          {meet.read}
        </button>
      </Form>
      {isScanning ? (
        <Scan onRead={take} onClose={() => setScanning(false)} />
      ) : (
        <div class="row">
          <button type="button" onClick={() => setScanning(true)}>
            <Icon name="camera" />
            {meet.scan}
          </button>
          <PictureButton onRead={take} />
        </div>
      )}
    </section>
  );
}

/** Somebody whose invite was opened: they are named, kept, and talked with. */
function Guest({ link, onDone }: { readonly link: string; readonly onDone: () => void }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { meet, common, contacts } = messages.value;
  const [name, setName] = useState(suggestedName(link));
  const [problem, setProblem] = useState<string | null>(null);
  const { isBusy, run } = useAction((error) => setProblem(sentenceOf(error)));
  const contact = session.client.contacts.find(({ invite }) => invite === inviteIn(link));
  const known = contact?.name || null;
  const isOthers = isTaken(session, name, contact?.hrid ?? null);
  const isOwn = session.client.isRegistered && inviteIn(link) === session.client.invite();
  useEffect(() => {
    if (known !== null) setName(known);
  }, [known]);
  const keep = async () => {
    if (isOwn) throw new CliquetError('duplicate-member');
    return session.client.addContact(inviteIn(link), { name: name.trim() });
  };
  const talk = () =>
    run(async () => {
      const hrid = await keep();
      const kept = session.client.contacts.find((each) => each.hrid === hrid);
      const together = session.client.groups.find(
        ({ members, status }) =>
          status === 'active' && members.length === 2 && members.some((each) => each.hrid === hrid),
      );
      const group = together ?? (await session.client.createGroup([kept?.invite ?? '']));
      onDone();
      go({ page: 'group', group: group.id, pane: null });
    });
  const add = () =>
    run(async () => {
      await keep();
      note(meet.kept(name.trim()));
      onDone();
    });
  return (
    <section class="card">
      <h2>{meet.who}</h2>
      {isOwn ? (
        <p class="notice">{meet.self}</p>
      ) : (
        <Form onSubmit={() => void talk()}>
          {known !== null && <p class="notice">{meet.known(known)}</p>}
          <Field
            label={meet.call}
            hint={meet.callHint}
            value={name}
            onInput={setName}
            error={isOthers ? contacts.taken : problem}
            autoComplete="off"
            maxLength={64}
            autoFocus
          />
          <div class="row">
            <button type="submit" class="primary" disabled={isBusy || isOthers || name.trim() === ''}>
              {meet.talk}
            </button>
            <button type="button" disabled={isBusy || isOthers || name.trim() === ''} onClick={() => void add()}>
              {meet.add}
            </button>
          </div>
        </Form>
      )}
      <button type="button" class="quiet" onClick={onDone}>
        {isOwn ? common.close : meet.drop}
      </button>
    </section>
  );
}

const inviteIn = (link: string): string => link.slice(link.indexOf('cliquet:')).trim();
