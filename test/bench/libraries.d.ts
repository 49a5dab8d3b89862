// What is used here of the libraries that Cliquet is measured beside. They are installed for benchmarks only, so nothing
// else may need their own types.

// biome-ignore-all lint/suspicious/noMisleadingInstantiator: libsignal makes its objects so.
// biome-ignore-all lint/complexity/noStaticOnlyClass: the same.

declare module 'ts-mls' {
  type Bytes = Uint8Array<ArrayBuffer>;
  interface Suite {
    readonly name: string;
  }
  interface KeyPackage {
    readonly initKey: Bytes;
  }
  interface PrivateKeyPackage {
    readonly initPrivateKey: Bytes;
  }
  export interface ClientState {
    readonly ratchetTree: readonly unknown[];
    readonly clientConfig: ClientConfig;
  }
  interface ClientConfig {
    readonly paddingConfig: { readonly kind: 'padUntilLength'; readonly padUntilLength: number };
  }
  interface Message {
    readonly version: 'mls10';
    readonly wireformat: string;
    readonly privateMessage?: object;
    readonly welcome?: object;
  }
  interface Add {
    readonly proposalType: 'add';
    readonly add: { readonly keyPackage: KeyPackage };
  }
  export const emptyPskIndex: object;
  export function getCiphersuiteFromName(name: string): object;
  export function getCiphersuiteImpl(suite: object): Promise<Suite>;
  export function defaultCapabilities(): object;
  export const defaultLifetime: object;
  export function generateKeyPackage(
    credential: { readonly credentialType: 'basic'; readonly identity: Uint8Array },
    capabilities: object,
    lifetime: object,
    extensions: readonly object[],
    suite: Suite,
  ): Promise<{ readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage }>;
  export function createGroup(
    id: Uint8Array,
    keyPackage: KeyPackage,
    keys: PrivateKeyPackage,
    extensions: readonly object[],
    suite: Suite,
  ): Promise<ClientState>;
  export function createCommit(
    context: { readonly state: ClientState; readonly cipherSuite: Suite },
    options?: { readonly extraProposals?: readonly Add[]; readonly ratchetTreeExtension?: boolean },
  ): Promise<{ readonly newState: ClientState; readonly welcome?: object; readonly commit: Message }>;
  export function joinGroup(
    welcome: object,
    keyPackage: KeyPackage,
    keys: PrivateKeyPackage,
    psks: object,
    suite: Suite,
    tree?: readonly unknown[],
  ): Promise<ClientState>;
  export function createApplicationMessage(
    state: ClientState,
    message: Uint8Array,
    suite: Suite,
  ): Promise<{ readonly newState: ClientState; readonly privateMessage: object }>;
  export function processPrivateMessage(
    state: ClientState,
    message: object,
    psks: object,
    suite: Suite,
  ): Promise<{ readonly kind: string; readonly newState: ClientState; readonly message?: Uint8Array }>;
  export function encodeMlsMessage(message: Message): Uint8Array;
  export function decodeMlsMessage(bytes: Uint8Array, offset: number): readonly [Message, number] | undefined;
}

declare module '@signalapp/libsignal-client' {
  type Bytes = Uint8Array<ArrayBuffer>;
  interface Serialized {
    serialize(): Bytes;
  }
  export class PublicKey {
    private readonly isPublic;
    serialize(): Bytes;
  }
  export class PrivateKey {
    static generate(): PrivateKey;
    getPublicKey(): PublicKey;
    sign(message: Bytes): Bytes;
  }
  export class IdentityKeyPair {
    static generate(): IdentityKeyPair;
    readonly publicKey: PublicKey;
    readonly privateKey: PrivateKey;
  }
  class KEMPublicKey {
    private readonly isPublic;
    serialize(): Bytes;
  }
  export class KEMKeyPair {
    static generate(): KEMKeyPair;
    getPublicKey(): KEMPublicKey;
  }
  export class ProtocolAddress {
    static new(name: string, device: number): ProtocolAddress;
    toString(): string;
  }
  export class PreKeyRecord {
    static new(id: number, publicKey: PublicKey, key: PrivateKey): PreKeyRecord;
  }
  export class SignedPreKeyRecord {
    static new(id: number, time: number, publicKey: PublicKey, key: PrivateKey, signature: Bytes): SignedPreKeyRecord;
  }
  export class KyberPreKeyRecord {
    static new(id: number, time: number, pair: KEMKeyPair, signature: Bytes): KyberPreKeyRecord;
  }
  export class PreKeyBundle {
    static new(
      registration: number,
      device: number,
      preKeyId: number,
      preKey: PublicKey,
      signedId: number,
      signed: PublicKey,
      signature: Bytes,
      identity: PublicKey,
      kyberId: number,
      kyber: KEMPublicKey,
      kyberSignature: Bytes,
    ): PreKeyBundle;
  }
  export class SessionRecord {
    private readonly isSession;
  }
  export class SenderKeyRecord {
    private readonly isSenderKey;
  }
  export class SessionStore {}
  export class IdentityKeyStore {}
  export class PreKeyStore {}
  export class SignedPreKeyStore {}
  export class KyberPreKeyStore {}
  export class SenderKeyStore {}
  interface CiphertextMessage extends Serialized {
    /** 2 is whisper, 3 is with a pre-key. */
    type(): number;
  }
  export class SignalMessage {
    static deserialize(bytes: Bytes): SignalMessage;
  }
  export class PreKeySignalMessage {
    static deserialize(bytes: Bytes): PreKeySignalMessage;
  }
  export class SenderKeyDistributionMessage implements Serialized {
    static create(sender: ProtocolAddress, id: string, store: SenderKeyStore): Promise<SenderKeyDistributionMessage>;
    static deserialize(bytes: Bytes): SenderKeyDistributionMessage;
    serialize(): Bytes;
  }
  export function processPreKeyBundle(
    bundle: PreKeyBundle,
    of: ProtocolAddress,
    own: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<void>;
  export function signalEncrypt(
    message: Bytes,
    to: ProtocolAddress,
    own: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<CiphertextMessage>;
  export function signalDecrypt(
    message: SignalMessage,
    from: ProtocolAddress,
    own: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<Bytes>;
  export function signalDecryptPreKey(
    message: PreKeySignalMessage,
    from: ProtocolAddress,
    own: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
    preKeys: PreKeyStore,
    signed: SignedPreKeyStore,
    kyber: KyberPreKeyStore,
  ): Promise<Bytes>;
  export function processSenderKeyDistributionMessage(
    sender: ProtocolAddress,
    message: SenderKeyDistributionMessage,
    store: SenderKeyStore,
  ): Promise<void>;
  export function groupEncrypt(
    sender: ProtocolAddress,
    id: string,
    store: SenderKeyStore,
    message: Bytes,
  ): Promise<CiphertextMessage>;
  export function groupDecrypt(sender: ProtocolAddress, store: SenderKeyStore, message: Bytes): Promise<Bytes>;
}

declare module '@matrix-org/matrix-sdk-crypto-wasm' {
  export function initAsync(): Promise<void>;
  export class UserId {
    constructor(id: string);
  }
  export class DeviceId {
    constructor(id: string);
  }
  export class RoomId {
    constructor(id: string);
  }
  export class DeviceLists {
    constructor();
  }
  export class EncryptionSettings {
    constructor();
  }
  export class DecryptionSettings {
    constructor(trust: number);
  }
  interface Outgoing {
    readonly id: string;
    readonly type: number;
    readonly body: string;
  }
  export class OlmMachine {
    static initialize(user: UserId, device: DeviceId): Promise<OlmMachine>;
    outgoingRequests(): Promise<readonly Outgoing[]>;
    markRequestAsSent(id: string, type: number, response: string): Promise<boolean>;
    updateTrackedUsers(users: readonly UserId[]): Promise<void>;
    getMissingSessions(users: readonly UserId[]): Promise<Outgoing | null>;
    shareRoomKey(room: RoomId, users: readonly UserId[], settings: EncryptionSettings): Promise<readonly Outgoing[]>;
    receiveSyncChanges(
      events: string,
      devices: DeviceLists,
      keys: ReadonlyMap<string, number>,
      unused: ReadonlySet<string> | undefined,
      settings: DecryptionSettings,
    ): Promise<readonly object[]>;
    encryptRoomEvent(room: RoomId, type: string, content: string): Promise<string>;
    decryptRoomEvent(event: string, room: RoomId, settings: DecryptionSettings): Promise<{ readonly event: string }>;
    invalidateGroupSession(room: RoomId): Promise<boolean>;
  }
}
