// The web client: what is shown, by how far the app has come.

import { type JSX, render } from 'preact';
import { AppContext } from './components/context.ts';
import { Dialog } from './components/dialog.tsx';
import { lazy } from './components/lazy.tsx';
import { Toasts } from './components/toast.tsx';
import { App } from './model/app.ts';
import { gateMessages, loadMessages, startLanguage } from './model/language.ts';
import { watchRoute } from './model/route.ts';
import { startWorker } from './model/worker.ts';
import { Elsewhere, Failed, Unlock } from './pages/unlock.tsx';
import { Welcome } from './pages/welcome.tsx';

/** What an open client needs, and nobody before. */
async function loadShell() {
  const [{ Shell }] = await Promise.all([import('./pages/shell.tsx'), loadMessages()]);
  return Shell;
}

const Shell = lazy(loadShell);

function Main({ app }: { readonly app: App }): JSX.Element {
  return (
    <AppContext.Provider value={app}>
      <Stage app={app} />
      <Toasts />
      <Dialog />
    </AppContext.Provider>
  );
}

function Stage({ app }: { readonly app: App }): JSX.Element {
  const phase = app.phase.value;
  switch (phase.at) {
    case 'starting':
      return <main class="gate" aria-busy="true" aria-label={gateMessages.value.common.loading} />;
    case 'elsewhere':
      return <Elsewhere />;
    case 'new':
      return <Welcome />;
    case 'locked':
      return <Unlock />;
    case 'open':
      return <Shell session={phase.session} />;
    case 'failed':
      return <Failed error={phase.error} />;
  }
}

const root = document.querySelector('#app');
if (root === null) throw new TypeError('the page has no place for the app');
const app = new App();
watchRoute();
await startLanguage();
render(<Main app={app} />, root);
void app.start();
// While somebody writes an address or a passphrase: so nobody waits for it.
void loadShell().catch(() => undefined);
void startWorker();
