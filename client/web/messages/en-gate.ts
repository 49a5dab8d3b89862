// What is said before there is a client, in English.

import { errorsEn } from './en-errors.ts';
import { isolate } from './isolate.ts';

export const gateEn = {
  locale: 'en',
  errors: errorsEn,

  common: {
    language: 'Language',
    back: 'Back',
    cancel: 'Cancel',
    close: 'Close',
    share: 'Share',
    next: 'Next',
    done: 'Done',
    save: 'Save',
    retry: 'Try again',
    dismiss: 'Dismiss',
    loading: 'One moment …',
    notLoaded:
      'A part of these pages did not come. Check your connection, then load them again; what you have said is kept.',
    you: 'you',
    youTitle: 'You',
    skip: 'Skip to the conversation',
    groupWithout: (id: string) => `Group ${id}`,
    notFound: 'There is no such group here. Choose one from the list.',
  },

  welcome: {
    title: 'Talk in small groups. Nobody listens in.',
    what: 'Cliquet encrypts what you say in your browser, for your group alone; the relay that carries it sees which mailboxes exchange messages, when, and how large they are, and once the address that gets your code.',
    begin: 'Begin',
    restore: 'I was here before: restore',
    invited: (name: string) =>
      name === '' ? 'Somebody invites you to talk.' : `${isolate(name)} invites you to talk.`,
    steps: (step: number, of: number) => `Step ${step} of ${of}`,
    address: 'Your address',
    addressHint: 'E-mail, or a phone number such as +44 7700 900123. It gets a code, and is not kept.',
    sendCode: 'Send me a code',
    code: 'The code',
    codeHint: (address: string) => `Six digits, sent to ${isolate(address)}.`,
    codeWrong: 'That is not the code. Look again, and type all six digits.',
    inbox: 'This is a development relay: see the code in its inbox (opens a new tab)',
    otherAddress: 'Use another address',
    passphrase: 'A passphrase for this device',
    passphraseHint: 'It locks what is kept in this browser. Four words are easy to remember. Nobody can reset it.',
    passphraseAgain: 'The same again',
    passphraseShort: 'That is too short: at least eight characters, better four words.',
    passphraseDiffers: 'These are two different ones.',
    show: 'Show',
    hide: 'Hide',
    finish: 'Finish',
    working: 'Locking …',
    confirm: 'Confirm',
  },

  restore: {
    title: 'Come back',
    what: 'Your recovery phrase of 24 words brings back who you are. A backup file also brings back your contacts and who is in your groups. What was said is on your old device only, and your groups have to let this one in again.',
    phrase: 'Recovery phrase',
    phraseHint: '24 words with spaces between them.',
    file: 'Backup file (if you have one)',
    filePassphrase: 'Passphrase of the backup',
    filePassphraseHint: 'Or leave it empty and write the 24 words above.',
    go: 'Restore',
    nothing: 'Write the 24 words, or choose a file and write its passphrase.',
    address: 'The address that you had',
    addressHint: 'The same as before: else you are somebody new to everybody.',
    opening: 'Opening the backup …',
  },

  unlock: {
    title: 'Welcome back',
    passphrase: 'Your passphrase',
    go: 'Unlock',
    working: 'Unlocking …',
    forgotten:
      'Forgotten? Nobody can open this store without it. You can erase it and begin anew, or restore with your 24 words.',
    erase: 'Erase what is kept here …',
    eraseTitle: 'Erase everything here?',
    eraseBody:
      'Messages, contacts and keys in this browser are gone for good. With your 24 words or a backup you can come back as yourself.',
    eraseGo: 'Erase',
  },

  elsewhere: {
    title: 'Cliquet is at work in another tab',
    body: 'One tab works at a time, so that no key is used twice. Close the other one, or go on here.',
    go: 'Go on here',
  },

  failed: {
    title: 'That did not work',
    reload: 'Load again',
  },
};

export type GateMessages = typeof gateEn;
