// The first visit: what this is, an address, a code, a passphrase; or coming back with words or a file.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../components/context.ts';
import { Field, Form, Progress } from '../components/field.tsx';
import { Mark } from '../components/icon.tsx';
import { LanguageChoice } from '../components/language-choice.tsx';
import { useFormAction } from '../components/use-action.ts';
import { suggestedName } from '../model/invite-link.ts';
import { gateMessages } from '../model/language.ts';
import { invite } from '../model/route.ts';
import { minPassphrase, Setup } from '../model/setup.ts';
import { RestoreForm } from './later.ts';
import { AddressForm, CodeForm } from './registration.tsx';

export function Welcome(): JSX.Element {
  const [setup] = useState(() => new Setup());
  const { welcome, restore } = gateMessages.value;
  switch (setup.stage.value) {
    case 'intro':
      return <Intro setup={setup} />;
    case 'restore':
      return (
        <Gate title={restore.title} text={restore.what}>
          <RestoreForm setup={setup} />
        </Gate>
      );
    case 'address':
      return (
        <Gate title={setup.isRestored ? restore.title : welcome.steps(1, 3)}>
          <AddressForm setup={setup} />
          {!setup.isRestored && (
            <button type="button" class="quiet" onClick={() => setup.show('intro')}>
              {gateMessages.value.common.back}
            </button>
          )}
        </Gate>
      );
    case 'code':
      return (
        <Gate title={setup.isRestored ? restore.title : welcome.steps(2, 3)}>
          <CodeForm setup={setup} />
        </Gate>
      );
    case 'passphrase':
      return (
        <Gate title={setup.isRestored ? restore.title : welcome.steps(3, 3)}>
          <PassphraseForm setup={setup} />
        </Gate>
      );
  }
}

interface GateProps {
  readonly title: string;
  readonly text?: string;
  readonly isLarge?: boolean;
  readonly children: ComponentChildren;
}

/** A page before there is a client: the mark, a heading, and one thing to do. */
export function Gate({ title, text, isLarge = false, children }: GateProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A field that is to be filled in takes the focus; else the heading does.
    if (!(document.activeElement instanceof HTMLInputElement)) heading.current?.focus();
  }, [title]);
  return (
    <main class={`gate ${isLarge ? 'gate-large' : ''}`}>
      <div class="gate-card">
        <p class="brand">
          <Mark turns={isLarge} />
          Cliquet
        </p>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {text !== undefined && <p class="lead">{text}</p>}
        {children}
        <LanguageChoice />
      </div>
    </main>
  );
}

/** Says whose invite waits in this tab. */
export function Invited(): JSX.Element | null {
  const link = invite.value;
  return link === null ? null : <p class="notice">{gateMessages.value.welcome.invited(suggestedName(link))}</p>;
}

function Intro({ setup }: { readonly setup: Setup }): JSX.Element {
  const { welcome } = gateMessages.value;
  return (
    <Gate title={welcome.title} text={welcome.what} isLarge>
      <Invited />
      <div class="row">
        <button type="button" class="primary large" onClick={() => setup.show('address')}>
          {welcome.begin}
        </button>
        <button type="button" class="quiet" onClick={() => setup.show('restore')}>
          {welcome.restore}
        </button>
      </div>
    </Gate>
  );
}

function PassphraseForm({ setup }: { readonly setup: Setup }): JSX.Element {
  const { welcome } = gateMessages.value;
  const app = useApp();
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const { isBusy, run, problem, setProblem, progress, setProgress } = useFormAction();
  const submit = () => {
    if (first.length < minPassphrase) return setProblem(welcome.passphraseShort);
    if (first !== second) return setProblem(welcome.passphraseDiffers);
    void run(() => setup.finish(app, first, setProgress));
  };
  return (
    <Form onSubmit={submit}>
      <Field
        label={welcome.passphrase}
        hint={welcome.passphraseHint}
        value={first}
        onInput={setFirst}
        type="password"
        autoComplete="new-password"
        autoFocus
      />
      <Field
        label={welcome.passphraseAgain}
        value={second}
        onInput={setSecond}
        error={problem}
        type="password"
        autoComplete="new-password"
      />
      <button type="submit" class="primary" disabled={isBusy}>
        {welcome.finish}
      </button>
      <Progress label={welcome.working} fraction={progress} />
    </Form>
  );
}
