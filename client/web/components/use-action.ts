// Something that takes a while and may go wrong: it runs once at a time, and what goes wrong is told.

import { useRef, useState } from 'preact/hooks';
import { sentenceOf } from '../model/sentence.ts';
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

export interface FormAction extends Action {
  /** What is wrong, beside the field that it belongs to. */
  readonly problem: string | null;
  setProblem(problem: string | null): void;
  /** Of what takes its time, from 0 to 1; null while nothing does. */
  readonly progress: number | null;
  setProgress(progress: number): void;
}

/** The same for a form that works with a passphrase. @param onError  what to do besides telling */
export function useFormAction(onError: (error: unknown) => void = () => undefined): FormAction {
  const [problem, setProblem] = useState<string | null>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const { isBusy, run } = useAction((error) => {
    setProblem(sentenceOf(error));
    onError(error);
  });
  return {
    isBusy,
    run: (deed) =>
      run(async () => {
        setProblem(null);
        await deed().finally(() => setProgress(null));
      }),
    problem,
    setProblem,
    progress,
    setProgress,
  };
}
