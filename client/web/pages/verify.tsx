// Comparing safety numbers: by eye, on the telephone, or by scanning the other's screen.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Group } from '../../index.ts';
import { CliquetError } from '../../index.ts';
import { Avatar } from '../components/avatar.tsx';
import { useSession } from '../components/context.ts';
import { Icon } from '../components/icon.tsx';
import { Page } from '../components/page.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { Scan } from '../components/scan.tsx';
import { useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';
import { nameOf } from '../model/people.ts';
import { sentenceOf } from '../model/sentence.ts';

const digitCount = 60;

interface Verdict {
  readonly isSame: boolean;
  readonly text: string;
  /** It says nothing of another one, after who is in the group has changed. */
  readonly number: string;
}

export function Verify({ group }: { readonly group: Group }): JSX.Element {
  const session = useSession();
  session.version.value;
  const { verify: texts, group: groupTexts } = messages.value;
  const [isScanning, setScanning] = useState(false);
  const [lastVerdict, setVerdict] = useState<Verdict | null>(null);
  const number = group.safetyNumber();
  const verdict = lastVerdict?.number === number ? lastVerdict : null;
  const { isBusy, run } = useAction((error) => {
    const isDifferent = error instanceof CliquetError && error.code === 'safety-number-differs';
    setVerdict({ number: group.safetyNumber(), isSame: false, text: isDifferent ? texts.differs : sentenceOf(error) });
  });
  const compare = (theirs: string) =>
    run(async () => {
      await group.verify(theirs);
      await session.noteOwn(group, { type: 'verified', isVerified: true });
      setVerdict({ number, isSame: true, text: texts.done });
    });
  const onScan = (content: string) => {
    setScanning(false);
    const digits = content.replace(/\s/g, '');
    if (/^\d+$/.test(digits) && digits.length === digitCount) void compare(digits);
    else setVerdict({ number, isSame: false, text: texts.notNumber });
  };
  const others = group.members.filter(({ isSelf }) => !isSelf);
  return (
    <Page title={texts.title} back={{ page: 'group', group: group.id, pane: null }} class="pane">
      <div role="alert">
        {verdict !== null && (
          <p class={`notice ${verdict.isSame ? 'notice-good' : 'notice-warning'}`}>
            <Icon name={verdict.isSame ? 'shield' : 'alert'} />
            <span>{verdict.text}</span>
          </p>
        )}
      </div>
      <p>{texts.what}</p>
      {isScanning ? (
        <Scan onRead={onScan} onClose={() => setScanning(false)} />
      ) : (
        <>
          <QrCode content={number.replaceAll(' ', '')} label={texts.qr} />
          <p class="safety-number" data-safety-number={number}>
            {number.split(' ').map((digits, i) => (
              <span key={i}>{digits} </span>
            ))}
          </p>
          <div class="row">
            <button type="button" class="primary" onClick={() => setScanning(true)}>
              <Icon name="camera" />
              {texts.scan}
            </button>
            <button type="button" disabled={isBusy} onClick={() => void compare(number)}>
              {texts.same}
            </button>
          </div>
        </>
      )}
      <h2>{texts.marks}</h2>
      <ul class="plain people">
        {others.map(({ hrid, isVerified }) => (
          <li key={hrid} class="person">
            <Avatar id={hrid} name={nameOf(session, hrid)} />
            <bdi class="person-name">{nameOf(session, hrid)}</bdi>
            <span class={isVerified ? 'mark-good' : 'hint'}>
              {isVerified && <Icon name="shield" />} {isVerified ? groupTexts.verified : groupTexts.notVerified}
            </span>
          </li>
        ))}
      </ul>
      {others.some(({ isVerified }) => isVerified) && (
        <button
          type="button"
          class="quiet"
          disabled={isBusy}
          onClick={() =>
            void run(async () => {
              await group.unverify();
              await session.noteOwn(group, { type: 'verified', isVerified: false });
              setVerdict(null);
            })
          }
        >
          {texts.undo}
        </button>
      )}
    </Page>
  );
}
