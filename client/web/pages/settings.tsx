// The person's own choices, what is kept here, and how to leave.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp, useSession } from '../components/context.ts';
import { ask } from '../components/dialog.tsx';
import { Field, Form, Progress } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { LanguageChoice } from '../components/language-choice.tsx';
import { Page } from '../components/page.tsx';
import { complain, note, warn } from '../components/toast.tsx';
import { useAction, useFormAction } from '../components/use-action.ts';
import { messages } from '../model/language.ts';
import { go, linkTo } from '../model/route.ts';
import { minPassphrase } from '../model/setup.ts';
import { install } from '../model/worker.ts';

export function Settings(): JSX.Element {
  const session = useSession();
  session.version.value;
  const app = useApp();
  const { settings, line } = messages.value;
  const { client } = session;
  const offer = install.value;
  return (
    <Page title={settings.title} back={{ page: 'home' }}>
      <section class="card">
        <h2>{messages.value.common.language}</h2>
        <LanguageChoice />
        <label class="switch">
          <input
            type="checkbox"
            checked={session.profile.value.receipts}
            onInput={(event) => void session.setProfile({ receipts: event.currentTarget.checked }).catch(complain)}
          />
          <span>
            {settings.receipts}
            <span class="hint">{settings.receiptsHint}</span>
          </span>
        </label>
        <Notifications />
        {offer !== null && (
          <button type="button" onClick={() => void offer().catch(complain)}>
            {line.install}
          </button>
        )}
      </section>
      <section class="card">
        <h2>{settings.backup}</h2>
        <p class="hint">{settings.backupHint}</p>
        <a class="button" href={linkTo({ page: 'backup' })}>
          {settings.backup}
        </a>
      </section>
      <Storage />
      <ChangePassphrase />
      <section class="card">
        <h2>{settings.relay}</h2>
        <dl class="facts">
          <dt>{settings.relay}</dt>
          <dd>{client.relay}</dd>
          <dt>{settings.who}</dt>
          <dd class="code">{client.hrid ?? '–'}</dd>
        </dl>
        <button type="button" onClick={() => void app.lock(session).catch(complain)}>
          <Icon name="lock" />
          {settings.lock}
        </button>
      </section>
      <Leaving />
    </Page>
  );
}

function Notifications(): JSX.Element | null {
  const { settings } = messages.value;
  const isSupported = 'Notification' in globalThis;
  const [permission, setPermission] = useState(isSupported ? Notification.permission : 'denied');
  if (!isSupported) return null;
  return (
    <div>
      <p>{settings.notify}</p>
      <p class="hint">{permission === 'denied' ? settings.notifyDenied : settings.notifyHint}</p>
      {permission === 'granted' && <p class="hint">{settings.notifyOn}</p>}
      {permission === 'default' && (
        <button type="button" onClick={() => void Notification.requestPermission().then(setPermission)}>
          {settings.notifyAsk}
        </button>
      )}
    </div>
  );
}

interface Space {
  readonly used: number;
  readonly all: number;
  readonly isPersistent: boolean;
}

function Storage(): JSX.Element | null {
  const { settings, words } = messages.value;
  const [space, setSpace] = useState<Space | null>(null);
  const look = async () => {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    setSpace({ used: usage, all: quota, isPersistent: await navigator.storage.persisted() });
  };
  useEffect(() => void look().catch(() => undefined), []);
  if (space === null) return null;
  const persist = async () => {
    if (!(await navigator.storage.persist())) warn(settings.persistNo);
    await look();
  };
  return (
    <section class="card">
      <h2>{settings.storage}</h2>
      <p>{settings.storageUsed(words.size(space.used), words.size(space.all))}</p>
      <p class="hint">{space.isPersistent ? settings.persistent : settings.notPersistent}</p>
      {!space.isPersistent && (
        <button type="button" onClick={() => void persist().catch(complain)}>
          {settings.persist}
        </button>
      )}
    </section>
  );
}

function ChangePassphrase(): JSX.Element {
  const app = useApp();
  const { settings, welcome } = messages.value;
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const { isBusy, run, problem, setProblem, progress, setProgress } = useFormAction();
  const submit = () => {
    if (next.length < minPassphrase) return setProblem(welcome.passphraseShort);
    void run(async () => {
      await app.changePassphrase(old, next, setProgress);
      setOld('');
      setNext('');
      note(settings.changed);
    });
  };
  return (
    <section class="card">
      <h2>{settings.passphrase}</h2>
      <Form onSubmit={submit}>
        <Field
          label={settings.oldPassphrase}
          value={old}
          onInput={setOld}
          type="password"
          autoComplete="current-password"
        />
        <Field
          label={settings.newPassphrase}
          value={next}
          onInput={setNext}
          error={problem}
          type="password"
          autoComplete="new-password"
        />
        <button type="submit" disabled={isBusy || old === '' || next === ''}>
          {settings.change}
        </button>
        <Progress label={settings.passphrase} fraction={progress} />
      </Form>
    </section>
  );
}

function Leaving(): JSX.Element {
  const app = useApp();
  const session = useSession();
  const { settings } = messages.value;
  const { isBusy, run } = useAction();
  const forget = async () => {
    const { forgetTitle: title, forgetBody: body, forgetUntold, forgetGo: action } = settings;
    if (!(await ask({ title, body, action, isDangerous: true }))) return;
    await run(async () => {
      // A relay that cannot be reached, or does not answer, keeps nobody from erasing what is here.
      const isTold =
        !session.client.isRegistered ||
        (await session.client.unregister().then(
          () => true,
          () => false,
        ));
      if (!isTold && !(await ask({ title, body: forgetUntold, action, isDangerous: true }))) return;
      await app.forget(session);
      go({ page: 'home' }, { replace: true });
    });
  };
  return (
    <section class="card">
      <h2>{settings.forget}</h2>
      <p class="hint">{settings.forgetHint}</p>
      <button type="button" class="danger-text" disabled={isBusy} onClick={() => void forget()}>
        {settings.forgetGo}
      </button>
    </section>
  );
}
