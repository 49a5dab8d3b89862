// Registering again, when the relay has forgotten this client.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../components/context.ts';
import { Page } from '../components/page.tsx';
import { messages } from '../model/language.ts';
import { go } from '../model/route.ts';
import { Setup } from '../model/setup.ts';
import { AddressForm, CodeForm } from './registration.tsx';

export function Again(): JSX.Element {
  const { client } = useSession();
  const [setup] = useState(() => new Setup(client));
  const stage = setup.stage.value;
  useEffect(() => {
    if (stage === 'passphrase') go({ page: 'home' }, { replace: true });
  }, [stage]);
  return (
    <Page title={messages.value.line.register} back={{ page: 'home' }}>
      {stage === 'code' ? <CodeForm setup={setup} /> : <AddressForm setup={setup} />}
    </Page>
  );
}
