// Coming back: the passphrase opens what is kept here. And the pages for when that cannot be.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { CliquetError } from '../../index.ts';
import { useApp } from '../components/context.ts';
import { ask } from '../components/dialog.tsx';
import { Field, Form, Progress } from '../components/field.tsx';
import { useAction, useFormAction } from '../components/use-action.ts';
import { gateMessages } from '../model/language.ts';
import { sentenceOf } from '../model/sentence.ts';
import { Gate, Invited } from './welcome.tsx';

export function Unlock(): JSX.Element {
  const { unlock } = gateMessages.value;
  const app = useApp();
  const [passphrase, setPassphrase] = useState('');
  const [isForgotten, setForgotten] = useState(false);
  const { isBusy, run, problem, setProblem, progress, setProgress } = useFormAction((error) =>
    setForgotten(error instanceof CliquetError && error.code === 'wrong-passphrase'),
  );
  const erase = async () => {
    const { eraseTitle, eraseBody, eraseGo } = unlock;
    if (await ask({ title: eraseTitle, body: eraseBody, action: eraseGo, isDangerous: true }))
      await run(() => app.erase());
  };
  return (
    <Gate title={unlock.title}>
      <Invited />
      <Form onSubmit={() => void run(() => app.unlock(passphrase, setProgress))}>
        <Field
          label={unlock.passphrase}
          value={passphrase}
          onInput={(value) => {
            setProblem(null);
            setPassphrase(value);
          }}
          error={problem}
          type="password"
          autoComplete="current-password"
          autoFocus
        />
        <button type="submit" class="primary" disabled={isBusy || passphrase === ''}>
          {unlock.go}
        </button>
        <Progress label={unlock.working} fraction={progress} />
      </Form>
      {isForgotten && (
        <div class="hint">
          <p>{unlock.forgotten}</p>
          <button type="button" class="quiet danger-text" onClick={() => void erase()}>
            {unlock.erase}
          </button>
        </div>
      )}
    </Gate>
  );
}

export function Elsewhere(): JSX.Element {
  const { elsewhere } = gateMessages.value;
  const app = useApp();
  const { isBusy, run } = useAction();
  return (
    <Gate title={elsewhere.title} text={elsewhere.body}>
      <Invited />
      <button type="button" class="primary" disabled={isBusy} onClick={() => void run(() => app.start(true))}>
        {elsewhere.go}
      </button>
    </Gate>
  );
}

export function Failed({ error }: { readonly error: unknown }): JSX.Element {
  const { failed } = gateMessages.value;
  return (
    <Gate title={failed.title} text={sentenceOf(error)}>
      <button type="button" class="primary" onClick={() => location.reload()}>
        {failed.reload}
      </button>
    </Gate>
  );
}
