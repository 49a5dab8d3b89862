// Coming back with the 24 words, or with a backup and what opens it.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Field, Form, Progress } from '../components/field.tsx';
import { useFormAction } from '../components/use-action.ts';
import { gateMessages } from '../model/language.ts';
import type { Setup } from '../model/setup.ts';

export function RestoreForm({ setup }: { readonly setup: Setup }): JSX.Element {
  const { restore, common } = gateMessages.value;
  const [phrase, setPhrase] = useState('');
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const { isBusy, run, problem, setProblem, progress, setProgress } = useFormAction();
  const submit = () => {
    const words = phrase.trim().toLowerCase().split(/\s+/).join(' ');
    if (words === '' && (file === null || passphrase === '')) return setProblem(restore.nothing);
    void run(async () => {
      const backup = file === null ? {} : { backup: new Uint8Array(await file.arrayBuffer()) };
      await setup.restore({ ...backup, ...(words === '' ? { passphrase } : { phrase: words }) }, setProgress);
    });
  };
  return (
    <Form onSubmit={submit}>
      <Field
        label={restore.phrase}
        hint={restore.phraseHint}
        value={phrase}
        onInput={setPhrase}
        type="words"
        autoFocus
      />
      <label class="field">
        {restore.file}
        <input type="file" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
      </label>
      {file !== null && (
        <Field
          label={restore.filePassphrase}
          hint={restore.filePassphraseHint}
          value={passphrase}
          onInput={setPassphrase}
          type="password"
          autoComplete="off"
        />
      )}
      <div role="alert">{problem !== null && <p class="error">{problem}</p>}</div>
      <div class="row">
        <button type="submit" class="primary" disabled={isBusy}>
          {restore.go}
        </button>
        <button type="button" class="quiet" onClick={() => setup.show('intro')}>
          {common.back}
        </button>
      </div>
      <Progress label={restore.opening} fraction={progress} />
    </Form>
  );
}
