// A name of somebody's choosing, kept apart from the sentence around it: one that is written from right to left does not turn
// that around, and nothing in it ends the isolate.

/** What cannot be seen, or turns text around; but for what joins letters and pictures. */
const unseen =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f|[\u{e0020}-\u{e007f}])[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const nothing = /^[\p{Z}\p{Default_Ignorable_Code_Point}]*$/u;

/** A name as it can be shown; '' if nothing of it can be seen. */
export function plainName(name: string): string {
  const plain = name.replace(unseen, '').replace(/\s+/g, ' ').trim();
  return nothing.test(plain) ? '' : plain;
}

export const isolate = (name: string): string => `\u2068${plainName(name)}\u2069`;
