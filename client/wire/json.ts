// JSON on the control routes: bytes travel as unpadded base64url text.

import * as v from 'valibot';
import { decodeBase64Url } from './bytes.ts';
import { CliquetError } from './errors.ts';

/** Bytes of one exact length, as base64url text in JSON. */
export function jsonBytes(length: number) {
  return v.pipe(
    v.string(),
    v.maxLength(Math.ceil((length * 4) / 3)),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        const decoded = decodeBase64Url(dataset.value);
        if (decoded.length === length) return decoded;
      } catch {
        // refused below
      }
      addIssue({ message: `expected ${length} bytes in base64url` });
      return NEVER;
    }),
  );
}

/** @throws CliquetError `malformed` naming the first field that does not fit, never its value */
export function parseJson<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    throw new CliquetError('malformed', 'expected JSON');
  }
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  // The name of a field that does not belong there is foreign text: it is not repeated.
  if (issue.expected === 'never') throw new CliquetError('malformed', 'a field that does not belong');
  const path = issue.path?.map((step) => (typeof step.key === 'number' ? step.key : String(step.key))).join('.');
  throw new CliquetError('malformed', path ? `field ${path}` : 'expected another JSON document');
}
