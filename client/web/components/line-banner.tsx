// What is wrong with the line to the relay or with the store, and what can be done; and that there are newer pages.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { CliquetError } from '../../index.ts';
import { messages } from '../model/language.ts';
import { go } from '../model/route.ts';
import { sentenceOf } from '../model/sentence.ts';
import { update } from '../model/worker.ts';
import { useSession } from './context.ts';
import { Icon } from './icon.tsx';
import { complain } from './toast.tsx';

/** A line that is only being made is no news. */
const patienceMs = 3000;

export function LineBanner(): JSX.Element {
  const session = useSession();
  session.version.value;
  const { client } = session;
  const { connection, problem } = client;
  const { line } = messages.value;
  const isCut = useNetwork() === 'none';
  const isLost = useLasting(connection !== 'online') || isCut;
  const content = (() => {
    if (problem === 'store-unwritable' || session.isFull) return <span>{line.full}</span>;
    if (problem === 'not-registered' || !client.isRegistered)
      return (
        <>
          <span>{messages.value.errors['not-registered']}</span>
          <button type="button" onClick={() => go({ page: 'register' })}>
            {line.register}
          </button>
        </>
      );
    if (connection === 'replaced')
      return (
        <>
          <span>{line.replaced}</span>
          <button type="button" onClick={() => client.connect()}>
            {line.takeBack}
          </button>
        </>
      );
    if (!isLost) return null;
    const isOrdinary = problem === null || problem === 'unreachable';
    return <span>{isOrdinary ? line.offline : sentenceOf(new CliquetError(problem))}</span>;
  })();
  return (
    <div role="status">
      {content !== null && (
        <div class="banner">
          <Icon name="alert" />
          {content}
        </div>
      )}
    </div>
  );
}

/** What the browser knows of the network: that there is none, it knows before the line is given up. */
function useNetwork(): 'none' | 'perhaps' {
  const [network, setNetwork] = useState<'none' | 'perhaps'>('perhaps');
  useEffect(() => {
    const look = () => setNetwork(navigator.onLine ? 'perhaps' : 'none');
    look();
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }, []);
  return network;
}

/** Whether something has been so for a while. */
function useLasting(isSo: boolean): boolean {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    setLasting(false);
    if (!isSo) return;
    const timer = setTimeout(() => setLasting(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isSo]);
  return isSo && isLasting;
}

export function UpdateBanner(): JSX.Element {
  const { line } = messages.value;
  const ready = update.value;
  return (
    <div role="status">
      {ready !== null && (
        <div class="banner banner-good">
          <span>{line.update}</span>
          <button type="button" onClick={() => void Promise.resolve(ready()).catch(complain)}>
            {line.updateGo}
          </button>
        </div>
      )}
    </div>
  );
}
