// What brings the person back on another device: the 24 words, and a file.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useSession } from '../components/context.ts';
import { Field, Form, Progress } from '../components/field.tsx';
import { Page } from '../components/page.tsx';
import { note } from '../components/toast.tsx';
import { useAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';

const fileName = 'cliquet.backup';

export function Backup(): JSX.Element {
  const { backup } = messages.value;
  return (
    <Page title={backup.title} back={{ page: 'settings' }}>
      <Phrase />
      <BackupFile />
    </Page>
  );
}

function Phrase(): JSX.Element {
  const session = useSession();
  const { backup, welcome } = messages.value;
  const [words, setWords] = useState<readonly string[] | null>(null);
  const { isBusy, run } = useAction();
  return (
    <section class="card">
      <h2>{backup.words}</h2>
      <p>{backup.wordsHint}</p>
      {words !== null ? (
        <>
          <ol class="phrase" translate={false}>
            {words.map((word, i) => (
              <li key={i}>{word}</li>
            ))}
          </ol>
          <div class="row">
            <button
              type="button"
              class="primary"
              disabled={isBusy}
              onClick={() =>
                void run(async () => {
                  await session.setProfile({ hasBackup: true });
                  setWords(null);
                })
              }
            >
              {backup.written}
            </button>
            <button type="button" class="quiet" onClick={() => setWords(null)}>
              {welcome.hide}
            </button>
          </div>
        </>
      ) : (
        <button
          type="button"
          disabled={isBusy}
          onClick={() => void run(async () => setWords((await session.client.recoveryPhrase()).split(' ')))}
        >
          {backup.reveal}
        </button>
      )}
    </section>
  );
}

function BackupFile(): JSX.Element {
  const session = useSession();
  const { backup } = messages.value;
  const [passphrase, setPassphrase] = useState('');
  const [progress, setProgress] = useState<number | null>(null);
  const { isBusy, run } = useAction();
  const save = () =>
    run(async () => {
      const options = passphrase === '' ? {} : { passphrase, onProgress: setProgress };
      const bytes = await session.client.backup(options).finally(() => setProgress(null));
      offer(bytes);
      await session.setProfile({ hasBackup: true });
      note(backup.saved);
    });
  return (
    <section class="card">
      <h2>{backup.file}</h2>
      <p>{backup.fileHint}</p>
      <Form onSubmit={() => void save()}>
        <Field
          label={backup.passphrase}
          value={passphrase}
          onInput={setPassphrase}
          type="password"
          autoComplete="new-password"
        />
        <button type="submit" disabled={isBusy}>
          {backup.save}
        </button>
        <Progress label={backup.working} fraction={progress} />
      </Form>
    </section>
  );
}

/** Lets the browser save a file. */
function offer(bytes: Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
