// Something that takes a while and may go wrong: it runs once at a time, and what goes wrong is told.

import { useRef, useState } from 'preact/hooks';
import { complain } from './toast.tsx';

export interface Action {
  readonly isBusy: boolean;
  /** @returns whether it was done */
  run(deed: () => Promise<unknown>): Promise<boolean>;
}

/** @param onError  what to do with an error, if not to show it at the edge of the page */
export function useAction(onError: (error: unknown) => void = complain): Action {
  const [isBusy, setBusy] = useState(false);
  const running = useRef(false);
  return {
    isBusy,
    run: async (deed) => {
      if (running.current) return false;
      running.current = true;
      setBusy(true);
      try {
        await deed();
        return true;
      } catch (error) {
        onError(error);
        return false;
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
  };
}
