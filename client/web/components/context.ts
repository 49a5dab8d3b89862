// What every page needs: the app, and the open session.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { App } from '../model/app.ts';
import type { Session } from '../model/session.ts';

export const AppContext = createContext<App | null>(null);
export const SessionContext = createContext<Session | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new TypeError('there is no app around this');
  return app;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new TypeError('there is no session around this');
  return session;
}
