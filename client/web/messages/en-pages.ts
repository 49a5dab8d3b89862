// The pages about what is kept and what goes on inside, in English.

import { isolate } from './isolate.ts';
import { wordsIn } from './words.ts';

const { plural } = wordsIn('en-GB');

export const pagesEn = {
  inside: {
    title: 'Inside the group',
    what: 'Every message brings a new key of its sender, and moves the key of the group on. Say something, and watch.',
    eyes: 'Seen by',
    members: 'Members',
    relay: 'The relay',
    groupKey: 'Group key now',
    vector: 'Vector',
    vectorHint: 'How many messages of each member were opened here.',
    stage: (name: string, count: number, key: string) =>
      `${isolate(name)}: ${plural(count, { one: '# message', other: '# messages' })} opened, group key ${key}`,
    stageGone: 'its key is gone',
    step: (name: string, stage: string, key: string) => `${isolate(name)} has sealed with ${stage}, key ${key}`,
    newKey: (key: string) => `new key ${key}`,
    light: 'light: no new key',
    moved: 'new key only, nothing said',
    relaySees: (name: string, count: number, size: string, time: string) =>
      `Mailbox ${name} → ${plural(count, { one: '# mailbox', other: '# mailboxes' })}, ${size}, ${time}`,
    relayKnows:
      'The relay sees mailboxes, times and sizes. Not the group, not its name, not who is who, no key, no word.',
    received: 'Mailbox',
    waiting: (count: number) =>
      plural(count, { one: '# message waits for others before it.', other: '# messages wait for others before them.' }),
    start: 'New keys for everybody: IK',
    none: 'Nothing yet since this page was opened.',
    unknownSize: 'size unknown',
    lost: 'The keys of this group are not on this device, so there is nothing to see.',
    diagram: 'The newest steps of the ratchet',
  },

  settings: {
    title: 'Settings',
    receipts: 'Read receipts',
    receiptsHint: 'Ask others to tell when they have read what you say, and tell them too.',
    backup: 'Backup',
    backupHint: 'Your 24 words, and a file with your contacts and groups.',
    passphrase: 'Change the passphrase',
    oldPassphrase: 'The passphrase until now',
    newPassphrase: 'The new one',
    change: 'Change it',
    changed: 'This device has a new passphrase. Backups keep the one that they were made with.',
    storage: 'Storage',
    storageUsed: (used: string, all: string) => `${used} of ${all} used in this browser.`,
    persistent: 'The browser keeps it until you erase it.',
    notPersistent: 'The browser may erase it when space is short.',
    persist: 'Ask it to keep it',
    persistNo: 'The browser has refused. It may agree once you have installed this page as an app.',
    notify: 'Notifications',
    notifyHint: 'While this tab is in the background. They name the group, and nothing of what is said.',
    notifyOn: 'On',
    notifyAsk: 'Switch on',
    notifyDenied: 'The browser does not allow them. Change that in its settings for this site.',
    notification: 'New message',
    lock: 'Lock now',
    who: 'Your identifier',
    relay: 'Relay',
    forget: 'Leave this device',
    forgetHint: 'Ends your registration, and erases everything that is kept here.',
    forgetTitle: 'Erase everything?',
    forgetBody:
      'The relay forgets you, and messages, contacts and keys in this browser are gone for good. The others see you in your groups until somebody removes you.',
    forgetGo: 'Erase everything',
    forgetUntold:
      'The relay cannot be told of it now: it goes on taking messages for you that nobody will read. Erase everything here all the same?',
  },

  backup: {
    title: 'Backup',
    words: 'Your recovery phrase',
    wordsHint: 'Write these 24 words on paper, and show them to nobody: whoever has them can speak in your name.',
    reveal: 'Show the 24 words',
    written: 'I have written them down',
    file: 'Backup file',
    fileHint:
      'Who you are, your contacts and who is in your groups: nothing that was said. The 24 words open it, and this passphrase if you give one.',
    passphrase: 'Passphrase for the file (optional)',
    save: 'Save the file',
    working: 'Encrypting …',
    saved: 'The file is saved.',
  },
};
