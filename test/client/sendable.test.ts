import { expect, test } from 'vitest';
import { messageId, messageIdFor, newMessageId } from '../../client/sendable.ts';

test('newMessageId() is 16 bytes, another each time, and nothing that looks like an option', () => {
  const ids = Array.from({ length: 2000 }, () => newMessageId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => id.startsWith('-') || messageId(id).length !== 16)).toEqual([]);
});

test('messageIdFor() is the same for the same cause, another for any other, and nothing that looks like an option', () => {
  const causes = Array.from({ length: 2000 }, (_, i) => ['group', `${i}`, 'id']);
  const ids = causes.map((cause) => messageIdFor(...cause));
  expect(ids).toEqual(causes.map((cause) => messageIdFor(...cause)));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => id.startsWith('-') || messageId(id).length !== 16)).toEqual([]);
  // What is in two parts is not the same in one.
  expect(messageIdFor('a', 'bc')).not.toBe(messageIdFor('ab', 'c'));
});
