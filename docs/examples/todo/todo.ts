// A to-do list that a group shares: everybody adds, ticks and removes, offline too, and all come to the same list.
// This is the page; list.ts is what its messages say.

import { Client, type ClientEvent, CliquetError, encryptedStore, type Group, isEmptyStore } from 'cliquet';
import { indexedDbStore } from 'cliquet/indexeddb';
import { type Edit, editsIn, List, send } from './list.ts';

const relay = document.querySelector<HTMLMetaElement>('meta[name=relay]')?.content ?? location.origin;
const database = 'todo';

const page = {
  open: byId('open', HTMLFormElement),
  register: byId('register', HTMLFormElement),
  confirm: byId('confirm', HTMLFormElement),
  home: byId('home', HTMLElement),
  list: byId('list', HTMLElement),
  add: byId('add', HTMLFormElement),
  share: byId('share', HTMLFormElement),
};
let client: Client;
let group: Group | undefined;
let list = new List();
const rows = new Map<string, HTMLLIElement>();

function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`index.html has no #${id}`);
}

function write(id: string, text: string): void {
  const element = byId(id, HTMLElement);
  // What stands there already is not read out again.
  if (element.textContent !== text) element.textContent = text;
}

/** Does what somebody wants, and says what comes in between. */
async function attempt(run: () => Promise<void>): Promise<void> {
  write('problem', '');
  try {
    await run();
  } catch (error) {
    write('problem', error instanceof Error ? error.message : String(error));
  }
}

function onSubmit(form: HTMLFormElement, run: (field: (name: string) => string) => Promise<void>): void {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const button = form.querySelector('button');
    if (button !== null) button.disabled = true;
    await attempt(() => run((name) => String(data.get(name) ?? '').trim()));
    if (button !== null) button.disabled = false;
  });
}

/** Shows one of the forms, or what is behind them. */
function step(shown: HTMLElement): void {
  for (const each of [page.open, page.register, page.confirm, page.home]) each.hidden = each !== shown;
  shown.querySelector('input')?.focus();
}

async function start(): Promise<void> {
  const store = await indexedDbStore(database);
  const isNew = await isEmptyStore(store);
  await store.close();
  write(
    'hint',
    isNew
      ? 'Choose one of at least 8 characters, better four words. Everything that this browser keeps of your lists is encrypted under it; nobody can get it back for you.'
      : 'What this browser keeps of your lists is encrypted under it.',
  );
  step(page.open);
}

onSubmit(page.open, async (field) => {
  const onLost = (error: Error) => write('problem', `${error.message} Then load this page again.`);
  const store = await encryptedStore(await indexedDbStore(database, { onLost }), field('passphrase'));
  client = await Client.open({ relay, store, history: 'all' });
  if (client.isRegistered) await enter();
  else step(page.register);
});

onSubmit(page.register, async (field) => {
  await client.register(field('address'), askForCode);
  // Nobody can share a list with this browser before the relay has its key packages.
  await client.settled();
  await enter();
});

function askForCode(attempt: number): Promise<string> {
  if (attempt > 1) write('problem', 'That is not the code; check it and try again.');
  step(page.confirm);
  return new Promise((resolve) => {
    page.confirm.onsubmit = (event) => {
      event.preventDefault();
      write('problem', '');
      resolve(String(new FormData(page.confirm).get('code')));
    };
  });
}

async function enter(): Promise<void> {
  byId('invite', HTMLInputElement).value = client.invite();
  await choose(activeGroups()[0]);
  step(page.home);
  addEventListener('online', () => client.connect());
  void attempt(follow);
  void attempt(watch);
}

async function watch(): Promise<never> {
  for (;;) {
    show();
    await client.changed();
  }
}

/** Takes in what the others say; each event is told again if the page was closed in the middle of it. */
async function follow(): Promise<void> {
  for await (const event of client.events()) {
    if (event.type === 'message' && event.group.id === group?.id) list.take(editsIn(event.content));
    if (event.type === 'failed') write('problem', new CliquetError(event.code).message);
    if (isLetInByMe(event)) await send(event.group, (await listOf(event.group)).edits);
    show();
  }
}

/** Who comes to a group reads what is said from then on: who lets them in says again what the list is. */
function isLetInByMe(event: ClientEvent): event is Extract<ClientEvent, { type: 'changed' | 'returned' }> {
  if (event.type === 'changed') return event.by === client.hrid && event.added.length > 0;
  return event.type === 'returned' && event.by === client.hrid && !event.whole;
}

async function listOf(of: Group): Promise<List> {
  const found = new List();
  for await (const { content } of client.search({ group: of.id })) found.take(editsIn(content));
  return found;
}

async function choose(chosen: Group | undefined): Promise<void> {
  group = chosen;
  list = new List();
  // What comes while the history is read stands in both, which does no harm.
  const into = list;
  if (chosen !== undefined) into.take((await listOf(chosen)).edits);
  show();
}

/** Stored when it is done, and delivered when the relay can be reached. */
async function change(edit: Edit): Promise<void> {
  if (group === undefined) return;
  list.take([edit]);
  show();
  await send(group, [edit]);
}

onSubmit(page.add, async (field) => {
  const text = field('text');
  page.add.reset();
  if (text !== '') await change(list.add(text));
});

onSubmit(page.share, async (field) => {
  if (group === undefined) await choose(await client.createGroup([field('theirs')], { name: field('title') }));
  else await group.add([field('theirs')]);
  byId('theirs', HTMLInputElement).value = '';
});

byId('copy', HTMLButtonElement).addEventListener('click', () => {
  void attempt(() => navigator.clipboard.writeText(client.invite()));
});

const activeGroups = () => client.groups.filter(({ status }) => status === 'active');

function show(): void {
  const { unsent, unposted } = client.pending;
  const waiting = unsent + unposted;
  const isOnline = client.connection === 'online';
  const waits = waiting === 1 ? '1 change waits' : `${waiting} changes wait`;
  write(
    'status',
    isOnline ? (waiting > 0 ? 'Sending …' : 'Up to date') : waiting > 0 ? `Offline: ${waits}` : 'Offline',
  );
  showInvitations();
  showLists();
  const isShared = group?.status === 'active';
  page.list.hidden = !isShared;
  byId('naming', HTMLElement).hidden = isShared;
  write('sharing', isShared ? 'Add them' : 'Start');
  if (!isShared || group === undefined) return;
  write('name', group.name);
  write('number', group.safetyNumber());
  const { items } = list;
  const left = items.filter(({ isDone }) => !isDone).length;
  write('count', `${items.length === 0 ? 'Nothing yet' : `${left} to do`} · ${group.members.length} people`);
  showItems(items);
}

function showLists(): void {
  const lists = activeGroups();
  // Somebody has removed this browser from the list that it shows, or the first one has come.
  if (group?.status !== 'active' && lists[0]?.id !== group?.id) void attempt(() => choose(lists[0]));
  byId('choosing', HTMLElement).hidden = lists.length < 2;
  const shown = byId('lists', HTMLSelectElement);
  // Made anew only when it is another one: somebody may be choosing.
  const isSame = lists.length === shown.length && lists.every(({ id }, i) => shown.options[i]?.value === id);
  if (!isSame) shown.replaceChildren(...lists.map(({ id, name }) => new Option(name, id)));
  if (group !== undefined) shown.value = group.id;
}

byId('lists', HTMLSelectElement).addEventListener('change', ({ target }) => {
  if (target instanceof HTMLSelectElement)
    void attempt(() => choose(activeGroups().find(({ id }) => id === target.value)));
});

function showItems(items: List['items']): void {
  const shown = byId('items', HTMLUListElement);
  const known = new Set(items.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (known.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  items.forEach(({ id, text, isDone }, i) => {
    const row = rows.get(id) ?? newRow(id);
    const [box, label, button] = [row.querySelector('input'), row.querySelector('span'), row.querySelector('button')];
    if (box !== null) box.checked = isDone;
    if (label !== null) label.textContent = text;
    button?.setAttribute('aria-label', `Remove ${text}`);
    // What is in its place stays there: moved, it would lose the focus.
    if (shown.children[i] !== row) shown.insertBefore(row, shown.children[i] ?? null);
  });
}

function newRow(id: string): HTMLLIElement {
  const row = copyOf('item');
  row.querySelector('input')?.addEventListener('change', ({ target }) => {
    const isDone = target instanceof HTMLInputElement && target.checked;
    void attempt(() => change(list.set(id, 'done', isDone)));
  });
  row.querySelector('button')?.addEventListener('click', () => {
    page.add.querySelector('input')?.focus();
    void attempt(() => change(list.set(id, 'removed', true)));
  });
  rows.set(id, row);
  return row;
}

function showInvitations(): void {
  const invited = client.groups.filter(({ status }) => status === 'invited');
  const shown = byId('invitations', HTMLUListElement);
  const ids = invited.map(({ id }) => id).join(' ');
  if (shown.dataset.ids === ids) return;
  shown.dataset.ids = ids;
  shown.replaceChildren(...invited.map(newInvitation));
}

function newInvitation(invited: Group): HTMLLIElement {
  const row = copyOf('invitation');
  const [text, [join, decline]] = [row.querySelector('span'), row.querySelectorAll('button')];
  if (text !== null) text.textContent = `Somebody shares the list “${invited.name}” with you.`;
  join?.addEventListener('click', () => {
    void attempt(async () => {
      await invited.accept();
      await choose(invited);
    });
  });
  decline?.addEventListener('click', () => void attempt(() => invited.decline()));
  return row;
}

function copyOf(template: string): HTMLLIElement {
  const row = byId(template, HTMLTemplateElement).content.querySelector('li')?.cloneNode(true);
  if (row instanceof HTMLLIElement) return row;
  throw new Error(`index.html has no row in #${template}`);
}

void attempt(start);
