// Waiting for something to change, whatever it is; whoever waits looks again.

export class Changes {
  #waiting: (() => void)[] = [];

  /** Something has changed. */
  notify(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** The next change. @throws the signal's reason */
  async next(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const end = () => {
        signal?.removeEventListener('abort', end);
        resolve();
      };
      signal?.addEventListener('abort', end);
      this.#waiting.push(end);
    });
    signal?.throwIfAborted();
  }
}
