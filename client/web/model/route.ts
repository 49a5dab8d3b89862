// Where in the pages the person is: in the fragment of the address, which no server sees. Groups stand there by their
// whole id, as its beginning is whatever their founder likes. An invite in the fragment is taken out of it at once, and
// kept until it is answered.

import { type ReadonlySignal, signal } from '@preact/signals';
import { kept } from './kept.ts';

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
/** What is longer is none, and is told so when it is opened. */
const maxInviteLength = 2048;
const keptInvite = kept(() => sessionStorage, 'cliquet invite');

const current = signal<Route>({ page: 'home' });
const invited = signal<string | null>(null);

export const route: ReadonlySignal<Route> = current;

/** The link of an invite that the person has followed and not answered yet. */
export const invite: ReadonlySignal<string | null> = invited;

export function answerInvite(): void {
  keptInvite.set(null);
  invited.value = null;
}

export function linkTo(to: Route): string {
  if (to.page === 'home') return '#/';
  if (to.page !== 'group') return `#/${to.page}`;
  return `#/group/${to.group}${to.pane === null ? '' : `/${to.pane}`}`;
}

export function go(to: Route, { replace = false } = {}): void {
  const state: Step = { from: replace ? stepOf(history.state) : location.hash || linkTo({ page: 'home' }) };
  history[replace ? 'replaceState' : 'pushState'](state, '', linkTo(to));
  current.value = to;
}

/** Back to where this page belongs: by the browser's own way back, if that leads there. */
export function leave(to: Route): void {
  if (stepOf(history.state) === linkTo(to)) history.back();
  else go(to, { replace: true });
}

/** What the browser keeps beside an address: where one came from. */
interface Step {
  readonly from: string | null;
}

const stepOf = (state: unknown): string | null =>
  typeof state === 'object' && state !== null && 'from' in state && typeof state.from === 'string' ? state.from : null;

/** Links within the pages are followed here, so that it is known where one came from. */
function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#/"]') : null;
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (link === null || !isPlain || event.defaultPrevented) return;
  event.preventDefault();
  go(parse(link.getAttribute('href') ?? ''));
}

/** A file or a link that is dropped beside a field would be opened in the place of this page. */
function stay(event: DragEvent): void {
  const isField = event.target instanceof Element && event.target.closest('input, textarea') !== null;
  if (!isField) event.preventDefault();
}

function read(): void {
  // Some programs take a colon there for what has to be escaped.
  const hash = location.hash.replace(/cliquet%3a/i, 'cliquet:');
  if (hash.includes('cliquet:')) {
    invited.value = hash.slice(0, maxInviteLength);
    keptInvite.set(invited.value);
    history.replaceState(null, '', linkTo({ page: 'meet' }));
  }
  invited.value ??= keptInvite.get();
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
  document.addEventListener('click', follow);
  for (const type of ['dragover', 'drop'] as const) document.addEventListener(type, stay);
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
}
