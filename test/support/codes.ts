// The codes that a relay in development has sent; on any runtime.

/** @returns the newest first */
export async function readCodes(relay: string, address: string): Promise<string[]> {
  const response = await fetch(`${relay}/dev/inbox?address=${encodeURIComponent(address)}`);
  const { codes } = (await response.json()) as { codes: { code: string }[] };
  return codes.map(({ code }) => code);
}
