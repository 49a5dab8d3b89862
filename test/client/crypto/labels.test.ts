// No label serves two purposes. The labels are types only, so what the sources say is read from their text.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { labelPrefix } from '../../../client/crypto/labels.ts';

const client = new URL('../../../client/', import.meta.url);
const source = readFileSync(new URL('crypto/labels.ts', client), 'utf8');

function labelsOf(type: string): string[] {
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...union.matchAll(/'([^']+)'/g)].map(([, label]) => label ?? '');
}

const families = {
  KdfLabel: labelsOf('KdfLabel'),
  HashLabel: labelsOf('HashLabel'),
  SignatureLabel: labelsOf('SignatureLabel'),
};

/** All sources of the client outside labels.ts, without comments. */
const sources = readdirSync(client, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.endsWith('labels.ts'))
  .map((path) => ({
    path,
    text: readFileSync(new URL(path, client), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
  }));

/** The calls that take `label` as an argument, by file. */
function usesOf(call: string, label: string): string[] {
  const pattern = new RegExp(`\\b${call}\\((?:[^;'\`]|\\n)*?'${label}'`, 'g');
  return sources.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(() => path));
}

describe('labels', () => {
  test('there are some of each family, and the prefix names protocol and version', () => {
    expect(families.KdfLabel.length).toBeGreaterThan(15);
    expect(families.HashLabel.length).toBeGreaterThan(5);
    expect(families.SignatureLabel).toEqual(['agreement', 'key package', 'message', 'request']);
    expect(labelPrefix).toBe('cliquet/1 ');
  });

  test.each(Object.entries(families))('%s: none stands twice and none is the beginning of another', (_, labels) => {
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) {
      expect(labels.filter((other) => other !== label && other.startsWith(label))).toEqual([]);
    }
  });

  test('no label is in two families', () => {
    const all = Object.values(families).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  const derived = families.KdfLabel.filter((label) => !label.startsWith('hedge '));
  test.each(derived)('deriveKey() with %j stands in one place', (label) => {
    expect(usesOf('deriveKey', label)).toHaveLength(1);
  });

  test.each(families.HashLabel)('hashLabeled() with %j stands in one file', (label) => {
    // A commitment is made by one side and checked by the other.
    const files = label === 'contribution commitment' ? ['protocol/open.ts', 'protocol/seal.ts'] : [expect.any(String)];
    expect([...new Set(usesOf('hashLabeled', label))].sort()).toEqual(files);
  });

  test.each(families.SignatureLabel)('%j is signed and verified', (label) => {
    expect(usesOf('signLabeled', label)).toHaveLength(1);
    expect(new Set(usesOf('verifyLabeled', label)).size).toBe(1);
  });

  test('hedgedSecret() has another context wherever a label is used again', () => {
    const uses = sources.flatMap(({ text }) =>
      [...text.matchAll(/hedgedSecret\([^;]*?'(hedge [a-z ]+)',\s*(\[[^\]]*\]|\w+)\s*\)/g)].map(([, ...use]) =>
        use.join(' '),
      ),
    );
    expect(uses.length).toBeGreaterThanOrEqual(6);
    expect(new Set(uses).size).toBe(uses.length);
  });

  test('nobody else writes the prefix', () => {
    expect(sources.filter(({ text }) => text.includes(labelPrefix)).map(({ path }) => path)).toEqual([]);
  });
});
