// Two members of a group of ts-mls. What heals there is a commit, so a message that heals is a commit and an application
// message; both are encoded, as ours are.

import type { CiphersuiteName } from 'ts-mls';
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

export const suites = {
  X25519: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
  'X25519, AES': 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  'X-Wing': 'MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519',
} as const satisfies Record<string, CiphersuiteName>;

export class MlsPair {
  readonly #suite;
  #states: [ClientState, ClientState];
  #sender = 0;
  #sent: Uint8Array[] = [];

  private constructor(suite: Awaited<ReturnType<typeof getCiphersuiteImpl>>, states: [ClientState, ClientState]) {
    this.#suite = suite;
    this.#states = states;
  }

  static async create(name: CiphersuiteName, size: number): Promise<MlsPair> {
    const suite = await getCiphersuiteImpl(getCiphersuiteFromName(name));
    const people = await Promise.all(
      Array.from({ length: size }, (_, i) => {
        const credential = { credentialType: 'basic' as const, identity: Uint8Array.of(i >> 8, i & 255) };
        return generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], suite);
      }),
    );
    const [founder, second] = people as [(typeof people)[number], (typeof people)[number]];
    const group = Uint8Array.of(1);
    const alone = await createGroup(group, founder.publicPackage, founder.privatePackage, [], suite);
    const extraProposals = people
      .slice(1)
      .map(({ publicPackage }) => ({ proposalType: 'add' as const, add: { keyPackage: publicPackage } }));
    const { newState, welcome } = await createCommit({ state: alone, cipherSuite: suite }, { extraProposals });
    if (welcome === undefined) throw new Error('nobody was added');
    const { publicPackage, privatePackage } = second;
    const joined = await joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, suite, newState.ratchetTree);
    return new MlsPair(suite, [newState, joined]);
  }

  /** One heals and speaks; the next time it is the other's turn. */
  async send(text: Uint8Array): Promise<void> {
    const { commit, newState } = await createCommit({
      state: this.#states[this.#sender] as ClientState,
      cipherSuite: this.#suite,
    });
    const said = await createApplicationMessage(newState, text, this.#suite);
    this.#states[this.#sender] = said.newState;
    const message = {
      privateMessage: said.privateMessage,
      wireformat: 'mls_private_message',
      version: 'mls10',
    } as const;
    this.#sent = [encodeMlsMessage(commit), encodeMlsMessage(message)];
  }

  async receive(): Promise<void> {
    const other = 1 - this.#sender;
    for (const bytes of this.#sent) {
      const [message] = decodeMlsMessage(bytes, 0) ?? [];
      if (message?.wireformat !== 'mls_private_message') throw new Error('what was sent is not what came');
      const state = this.#states[other] as ClientState;
      const { newState } = await processPrivateMessage(state, message.privateMessage, emptyPskIndex, this.#suite);
      this.#states[other] = newState;
    }
    this.#sender = other;
  }
}
