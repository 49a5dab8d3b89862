// The frame of an open client: the groups at the side, what was chosen beside them, and what concerns the line above all.

import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { SessionContext } from '../components/context.ts';
import { dropQuestion } from '../components/dialog.tsx';
import { Mark } from '../components/icon.tsx';
import { LineBanner, UpdateBanner } from '../components/line-banner.tsx';
import { clearToasts } from '../components/toast.tsx';
import { messages } from '../model/language.ts';
import { useNotifications } from '../model/notification.ts';
import { route } from '../model/route.ts';
import type { Session } from '../model/session.ts';
import { GroupPage } from './group.tsx';
import { Home } from './home.tsx';
import { Again, Backup, Contacts, load, Meet, NewGroup, Settings } from './later.ts';

export function Shell({ session }: { readonly session: Session }): JSX.Element {
  const { common, home } = messages.value;
  const { page } = route.value;
  useTitle(session);
  useNotifications(session);
  // Nothing of an open store stays in sight.
  useEffect(
    () => () => {
      dropQuestion();
      clearToasts();
    },
    [],
  );
  // The field that had the focus is gone.
  useEffect(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('main')?.focus();
  }, []);
  // What may be opened is here by then; without a network the service worker has it.
  useEffect(() => void load().catch(() => undefined), []);
  return (
    <SessionContext.Provider value={session}>
      <div class={`shell ${page === 'home' ? 'at-home' : 'at-page'}`}>
        <button type="button" class="skip" onClick={() => document.querySelector('main')?.focus()}>
          {common.skip}
        </button>
        <div class="banners">
          <LineBanner />
          <UpdateBanner />
        </div>
        <nav class="side" aria-label={home.navigation}>
          <Home />
        </nav>
        <main tabIndex={-1}>
          <Chosen />
        </main>
      </div>
    </SessionContext.Provider>
  );
}

function Chosen(): JSX.Element {
  const chosen = route.value;
  switch (chosen.page) {
    case 'home':
      return (
        <div class="empty">
          <h1 class="unseen">{messages.value.home.title}</h1>
          <Mark />
          <p>{messages.value.home.choose}</p>
        </div>
      );
    case 'group':
      return <GroupPage id={chosen.group} pane={chosen.pane} />;
    case 'new':
      return <NewGroup />;
    case 'meet':
      return <Meet />;
    case 'contacts':
      return <Contacts />;
    case 'settings':
      return <Settings />;
    case 'backup':
      return <Backup />;
    case 'register':
      return <Again />;
  }
}

/** How much is unread stands in the tab's title. */
function useTitle(session: Session): void {
  const { unread } = session;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Cliquet` : 'Cliquet';
  }, [unread]);
  useEffect(
    () => () => {
      document.title = 'Cliquet';
    },
    [],
  );
}
