// Where in the pages the person is: in the fragment of the address, which no server sees. Groups stand there by the
// beginning of their id. An invite in the fragment is taken out of it at once, and kept until it is answered.

import { type ReadonlySignal, signal } from '@preact/signals';

const panes = ['members', 'verify', 'inside', 'about'] as const;
export type Pane = (typeof panes)[number];

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'group'; readonly group: string; readonly pane: Pane | null }
  | { readonly page: 'new' }
  | { readonly page: 'meet' }
  | { readonly page: 'contacts' }
  | { readonly page: 'settings' }
  | { readonly page: 'backup' }
  /** Again, after the relay has forgotten this client. */
  | { readonly page: 'register' };

const simplePages = ['new', 'meet', 'contacts', 'settings', 'backup', 'register'] as const;
const shownId = 8;
const keptInvite = 'cliquet invite';

const current = signal<Route>({ page: 'home' });
const invited = signal<string | null>(null);

export const route: ReadonlySignal<Route> = current;

/** The link of an invite that the person has followed and not answered yet. */
export const invite: ReadonlySignal<string | null> = invited;

export function answerInvite(): void {
  sessionStorage.removeItem(keptInvite);
  invited.value = null;
}

export function linkTo(to: Route): string {
  if (to.page === 'home') return '#/';
  if (to.page !== 'group') return `#/${to.page}`;
  return `#/group/${to.group.slice(0, shownId)}${to.pane === null ? '' : `/${to.pane}`}`;
}

export function go(to: Route, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', linkTo(to));
  current.value = to;
}

function read(): void {
  if (location.hash.includes('cliquet:')) {
    sessionStorage.setItem(keptInvite, location.hash);
    history.replaceState(null, '', linkTo({ page: 'meet' }));
  }
  invited.value = sessionStorage.getItem(keptInvite);
  current.value = parse(location.hash);
}

function parse(hash: string): Route {
  const [, page, group, pane] = hash.split('/');
  if (page === 'group' && group) {
    return { page, group, pane: panes.find((each) => each === pane) ?? null };
  }
  const simple = simplePages.find((each) => each === page);
  return { page: simple ?? 'home' };
}

export function watchRoute(): void {
  read();
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
}
