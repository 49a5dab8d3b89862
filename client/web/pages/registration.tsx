// An address, and the code that went there.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { CliquetError } from '../../index.ts';
import { Field, Form } from '../components/field.tsx';
import { useAction } from '../components/use-action.ts';
import { gateMessages } from '../model/language.ts';
import { sentenceOf } from '../model/sentence.ts';
import type { Setup } from '../model/setup.ts';

export function AddressForm({ setup }: { readonly setup: Setup }): JSX.Element {
  const { welcome, restore } = gateMessages.value;
  const [address, setAddress] = useState(setup.address.value);
  const [problem, setProblem] = useState<unknown>(null);
  const { isBusy, run } = useAction(setProblem);
  const isCancelled = problem instanceof CliquetError && problem.code === 'registration-cancelled';
  return (
    <Form onSubmit={() => void run(() => setup.sendCode(address))}>
      <Field
        label={setup.isRestored ? restore.address : welcome.address}
        hint={setup.isRestored ? restore.addressHint : welcome.addressHint}
        value={address}
        onInput={(value) => {
          setProblem(null);
          setAddress(value);
        }}
        error={problem === null || isCancelled ? null : sentenceOf(problem)}
        autoComplete="email"
        inputMode="email"
        maxLength={300}
        autoFocus
      />
      <button type="submit" class="primary" disabled={isBusy || address.trim() === ''}>
        {welcome.sendCode}
      </button>
    </Form>
  );
}

export function CodeForm({ setup }: { readonly setup: Setup }): JSX.Element {
  const { welcome } = gateMessages.value;
  const [code, setCode] = useState('');
  const { isBusy, run } = useAction();
  const hasInbox = useInbox();
  const isWrong = setup.isWrong.value && !isBusy && code === '';
  return (
    <Form
      onSubmit={() =>
        void run(async () => {
          await setup.answer(code.replace(/\s/g, ''));
          if (setup.isWrong.value) setCode('');
        })
      }
    >
      <Field
        label={welcome.code}
        hint={welcome.codeHint(setup.address.value)}
        value={code}
        onInput={setCode}
        error={isWrong ? welcome.codeWrong : null}
        autoComplete="one-time-code"
        inputMode="numeric"
        maxLength={12}
        class="code"
        autoFocus
      />
      {hasInbox && (
        <p>
          <a href="/dev/inbox" target="_blank" rel="noopener">
            {welcome.inbox}
          </a>
        </p>
      )}
      <div class="row">
        <button type="submit" class="primary" disabled={isBusy || code.trim() === ''}>
          {welcome.confirm}
        </button>
        <button type="button" class="quiet" onClick={() => setup.giveUp()}>
          {welcome.otherAddress}
        </button>
      </div>
    </Form>
  );
}

/** Whether codes are shown rather than sent, as they are in development only. */
function useInbox(): boolean {
  const [hasInbox, setInbox] = useState(false);
  useEffect(() => {
    void fetch('/dev/inbox', { method: 'HEAD', redirect: 'error' })
      .then(({ ok }) => setInbox(ok))
      .catch(() => undefined);
  }, []);
  return hasInbox;
}
