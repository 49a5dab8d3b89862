// WebCrypto as far as it is used here: a short declaration instead of the DOM's, so that this room cannot do I/O.

type KeyBytes = Uint8Array<ArrayBuffer>;
interface SubtleKey {
  readonly __subtleKey: never;
}

declare const crypto: {
  getRandomValues(bytes: KeyBytes): KeyBytes;
  readonly subtle: {
    importKey(
      format: 'raw' | 'pkcs8',
      bytes: KeyBytes,
      algorithm: 'X25519' | 'Ed25519',
      extractable: boolean,
      usages: ('deriveBits' | 'sign' | 'verify')[],
    ): Promise<SubtleKey>;
    deriveBits(algorithm: { name: 'X25519'; public: SubtleKey }, key: SubtleKey, bits: 256): Promise<ArrayBuffer>;
    sign(algorithm: 'Ed25519', key: SubtleKey, message: KeyBytes): Promise<ArrayBuffer>;
    verify(algorithm: 'Ed25519', key: SubtleKey, signature: KeyBytes, message: KeyBytes): Promise<boolean>;
  };
};
