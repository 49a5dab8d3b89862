import { expect, test } from 'vitest';
import { messageId, newMessageId } from '../../client/sendable.ts';

test('newMessageId() is 16 bytes, another each time, and nothing that looks like an option', () => {
  const ids = Array.from({ length: 2000 }, () => newMessageId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => id.startsWith('-') || messageId(id).length !== 16)).toEqual([]);
});
