// MLS (RFC 9420) by ts-mls: what heals is a commit, so a message is a commit and an application message. Its tree is as it is
// when everybody has committed: whoever comes commits, and lets the next ones in, so that no inner node is blank.

import {
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  processPrivateMessage,
} from 'ts-mls';
import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { type Peer, type PeerGroup, padText, unpadText } from './peer.ts';

const suites = {
  X25519: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  'X-Wing': 'MLS_256_XWING_AES256GCM_SHA512_Ed25519',
} as const;

export function mlsPeers(): Peer[] {
  return Object.entries(suites).map(([name, suite]) => ({
    name: `ts-mls, ${name}`,
    heals: true,
    setup: (members) => setup(members, suite),
  }));
}

async function setup(members: number, suiteName: string): Promise<PeerGroup> {
  const cipherSuite = await getCiphersuiteImpl(getCiphersuiteFromName(suiteName));
  const createPackage = (i: number) => {
    const credential = { credentialType: 'basic', identity: encodeUtf8(`member${i}`) } as const;
    return generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], cipherSuite);
  };
  const commit = async (from: ClientState) => {
    const { newState, commit: message } = await createCommit({ state: from, cipherSuite });
    return { newState, part: encodeMlsMessage(message) as Bytes };
  };
  const process = async (by: ClientState, part: Bytes) => {
    const [message] = decodeMlsMessage(part, 0) ?? [];
    if (message?.privateMessage === undefined) throw new TypeError('expected a private message');
    return processPrivateMessage(by, message.privateMessage, emptyPskIndex, cipherSuite);
  };

  const first = await createPackage(0);
  // Sealed by whoever has come last, opened by whoever came before.
  let receiver = await createGroup(encodeUtf8('bench'), first.publicPackage, first.privatePackage, [], cipherSuite);
  let sender = receiver;
  for (let size = 1; size < members; ) {
    // Alone to the founder's side, then two at a time: of every two neighbours one commits.
    const count = size === 1 ? 1 : Math.min(2, members - size);
    const newcomers = await Promise.all(Array.from({ length: count }, (_, i) => createPackage(size + i)));
    const extraProposals = newcomers.map(
      ({ publicPackage }) => ({ proposalType: 'add', add: { keyPackage: publicPackage } }) as const,
    );
    const { newState, welcome } = await createCommit({ state: sender, cipherSuite }, { extraProposals });
    const last = newcomers.at(-1);
    if (welcome === undefined || last === undefined) throw new TypeError('expected a welcome');
    const keys = [last.publicPackage, last.privatePackage, emptyPskIndex, cipherSuite] as const;
    const joined = await joinGroup(welcome, ...keys, withoutPadding(newState).ratchetTree);
    const { newState: committed, part } = await commit(withoutPadding(joined));
    receiver = (await process(newState, part)).newState;
    sender = committed;
    size += count;
  }
  return {
    async send(text) {
      const { newState, part } = await commit(sender);
      const { newState: after, privateMessage } = await createApplicationMessage(newState, padText(text), cipherSuite);
      sender = after;
      const message = { version: 'mls10', wireformat: 'mls_private_message', privateMessage } as const;
      const parts = [part, encodeMlsMessage(message) as Bytes];
      const length = parts.reduce((sum, each) => sum + each.length, 0);
      return { uploaded: length, downloaded: length, parts };
    },
    async receive({ parts }) {
      let text = '';
      for (const part of parts) {
        const processed = await process(receiver, part);
        receiver = processed.newState;
        if (processed.message !== undefined) text = unpadText(processed.message);
      }
      return text;
    },
    async answer() {
      const { newState, part } = await commit(receiver);
      sender = (await process(sender, part)).newState;
      receiver = newState;
    },
    async rekey() {
      const { part } = await commit(sender);
      return { uploaded: part.length, downloaded: part.length };
    },
  };
}

/** The content comes padded. */
function withoutPadding(state: ClientState): ClientState {
  const paddingConfig = { kind: 'padUntilLength', padUntilLength: 0 } as const;
  return { ...state, clientConfig: { ...state.clientConfig, paddingConfig } };
}
