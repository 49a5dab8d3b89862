import { describe, expect, test } from 'vitest';
import { prefixOf } from '../../worker/prefix.ts';

describe('prefixOf()', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000::ffff:1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:FFFF:192.0.2.7', '192.0.2.7'],
  ])('of %s is %s', (address, prefix) => {
    expect(prefixOf(address)).toBe(prefix);
  });

  test('gives every spelling of one address one prefix', () => {
    const groups = ['2001', 'db8', '0', '0', '0', '0', '0', '1'];
    const spellings = new Set([
      groups.join(':'),
      groups.map((group) => group.padStart(4, '0').toUpperCase()).join(':'),
    ]);
    for (let from = 2; from < 7; from++) {
      for (let to = from + 1; to <= 7; to++) {
        spellings.add(`${groups.slice(0, from).join(':')}::${groups.slice(to).join(':')}`);
      }
    }
    expect(spellings.size).toBeGreaterThan(15);
    expect(new Set([...spellings].map(prefixOf)).size).toBe(1);
  });

  test.each(['', '1:2', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', '12345::', 'x::1', '::1.2.3'])(
    'leaves what is no address as it is (%s)',
    (address) => {
      expect(prefixOf(address)).toBe(address);
    },
  );
});
