// A name of somebody's choosing, kept apart from the sentence around it: one that is written from right to left does not turn
// that around.

export const isolate = (name: string): string => `\u2068${name}\u2069`;
