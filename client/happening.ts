// What an application can hear of, by its type.

import type { Group } from './group.ts';
import type { HistoryEntry, MessageContent } from './state/history-entry.ts';
import type { ErrorCode } from './wire/errors.ts';
import type { MissCode, RefusalCode } from './wire/send.ts';

/**
 * One step of the ratchet as it can be shown ([PROTOCOL.md §13](../docs/PROTOCOL.md)): fingerprints and counts, no secret.
 * @category Events
 */
export interface ShownStep {
  /** How many messages of each member the sender had opened, in roster order. */
  readonly vector: readonly number[];
  /** Fingerprint of the group key under which the message was sealed, 16 hex digits. */
  readonly groupKey: string;
  /** The sender's new public leaf (E_kPK), base64url of 32 bytes; null for a light message. */
  readonly leaf: string | null;
}

/**
 * A member whose mailbox took nothing, and why.
 * @category Events
 */
export interface RefusedMember {
  /** The HRID. */
  readonly member: string;
  /** Why it was refused at once, or why it will never be fetched. */
  readonly code: RefusalCode | MissCode;
}

/**
 * What somebody has changed in a group. All but `name` are HRIDs.
 * @category Events
 */
export interface GroupChange {
  /** Who has changed it. */
  readonly by: string;
  /** Who has come. */
  readonly added: readonly string[];
  /** Who has gone. */
  readonly removed: readonly string[];
  /** Admins now. */
  readonly promoted: readonly string[];
  /** Admins no more. */
  readonly demoted: readonly string[];
  /** The group's new name, at most 128 characters; or null. */
  readonly name: string | null;
  /** Whether this only carries out a removal that somebody else has made. */
  readonly carried: boolean;
  /**
   * It counts no more: somebody else's change has got ahead of it. Who made it makes it again by itself, unless it is
   * not allowed any more.
   */
  readonly undone: boolean;
}

/**
 * What happens in a group.
 * @category Events
 */
export interface InGroup {
  /** Where it happens. */
  readonly group: Group;
}

/**
 * What is told of a message.
 * @category Events
 */
export interface OfMessage extends InGroup {
  /** The message's id. */
  readonly id: string;
}

/**
 * What comes with a step of the ratchet.
 * @category Events
 */
export interface WithStep {
  /** The step. */
  readonly step: ShownStep;
}

/**
 * How this client has come into a group.
 * @category Events
 */
export interface Entrance extends InGroup {
  /** Who has put it there: HRID. */
  readonly by: string;
  /** Fingerprint of IKabc, 16 hex digits: the same for all members. */
  readonly key: string;
}

/**
 * Content that somebody else has sent.
 * @category Events
 */
export interface Said
  extends InGroup,
    WithStep,
    Pick<HistoryEntry, 'id' | 'sender' | 'sentAt' | 'receivedAt' | 'expiresAt' | 'reply' | 'asksReceipt'> {
  /** What was said. */
  readonly content: MessageContent;
}

/**
 * What can happen, by the `type` of the event that tells of it. Whoever is named is named by the HRID.
 * @category Events
 */
export interface Happenings {
  /** A stranger has put this client into a group: {@link Group.accept} or {@link Group.decline}. */
  readonly invited: Entrance;
  /** This client is in a group now: it founded it, or a contact has put it there. */
  readonly joined: Entrance;
  /** Somebody has changed the group. With nothing in it, there are only new keys. */
  readonly changed: InGroup & GroupChange;
  /**
   * A member who had lost its keys is back, let in by another.
   */
  readonly returned: InGroup & {
    /** Who is back. */
    readonly member: string;
    /** Who has let it in; null if this client had been removed, and the removal does not count any more. */
    readonly by: string | null;
    /**
     * With what it had before; else it has nothing of before, as after the loss of a device, and whoever has its recovery
     * phrase could be it: ask on another way.
     */
    readonly whole: boolean;
  };
  /**
   * A member who has nothing of before, as after the loss of a device, asks to be let in again. Whoever has its recovery
   * phrase could be it: ask on another way, then let it in with {@link Group.readmit}, or leave it.
   */
  readonly asks: InGroup & {
    /** Who asks. */
    readonly member: string;
  };
  /** Messages of a member are lost for this client, for good. */
  readonly missed: InGroup & {
    /** Whose. */
    readonly sender: string;
    /** How many. */
    readonly count: number;
  };
  /** This client is not in the group any more: it has left, or somebody has removed it. */
  readonly removed: InGroup & {
    /** Who has done it; this client itself if it has left. */
    readonly by: string;
  };
  /** Somebody else has said something. */
  readonly message: Said;
  /** The author of a text has changed it. */
  readonly edited: OfMessage & {
    /** The author. */
    readonly sender: string;
    /** What it says now, at most 64 KiB in UTF-8. */
    readonly text: string;
  };
  /** The author of a message has taken it back. */
  readonly deleted: OfMessage & {
    /** The author. */
    readonly sender: string;
  };
  /** A member's person has read messages of this client that asked to be told. */
  readonly read: InGroup & {
    /** The messages' ids. */
    readonly ids: readonly string[];
    /** Who has read them. */
    readonly reader: string;
  };
  /** The group's messages disappear after some time from now on, or stay. */
  readonly timer: InGroup & {
    /** Who has said so. */
    readonly by: string;
    /** After so many seconds, 1 to 31,622,400; null: they stay. */
    readonly seconds: number | null;
  };
  /** A member has moved the group key on without saying anything. */
  readonly contribution: InGroup &
    WithStep & {
      /** The member. */
      readonly sender: string;
    };
  /** The relay has taken this client's message, for all but those refused; if that is everybody, `failed` follows. */
  readonly accepted: OfMessage &
    WithStep & {
      /** Who has it not, and why. */
      readonly refused: readonly RefusedMember[];
    };
  /**
   * The relay could not hand something to members: the invitation into a group that this client has founded, or a
   * message that it had accepted for them. They have gone, take nothing from this client, or were away for too long.
   */
  readonly unreached: InGroup & {
    /** Who, and why. */
    readonly refused: readonly RefusedMember[];
  };
  /**
   * Everybody's client has fetched the message, so the relay says, but for those that `unreached` names. Comes before
   * `confirmed`, also if that is known first.
   */
  readonly delivered: OfMessage;
  /** Everybody has answered with a message that covers it: they have it, whatever the relay says. */
  readonly confirmed: OfMessage;
  /** A message of this client will not be sent, or reaches nobody (`undeliverable`). */
  readonly failed: OfMessage & {
    /** Why. */
    readonly code: ErrorCode;
  };
  /** Messages of a sender will never come. */
  readonly gap: {
    /** Whose. */
    readonly sender: string;
    /** The relay's time for them was up; too much of this sender was waiting; or the sender has ended its registration. */
    readonly reason: 'expired' | 'full' | 'withdrawn';
  };
  /** A member's device was copied: two different messages carry one number. Nothing more of it is accepted. */
  readonly clone: InGroup & {
    /** Whose device. */
    readonly member: string;
    /** Who has noticed. */
    readonly reporter: string;
  };
  /** A member has received other messages than this client under the same numbers. */
  readonly fork: InGroup & {
    /** Who. */
    readonly member: string;
  };
  /**
   * This store is older than what was sent from it: nothing more is sent in this group until its members let it in again.
   * Each says again, as far as it can, what it has said since; what the newer store had of those who have gone is lost.
   */
  readonly 'rolled-back': InGroup;
  /** Something came that could not be opened, or that is against the rules: it was passed over. */
  readonly refused: {
    /** From whom. */
    readonly sender: string;
    /** Why. */
    readonly code: ErrorCode;
  };
}

/**
 * One of what can happen: an event without its number and its time.
 * @category Events
 */
export type Happening = {
  readonly [T in keyof Happenings]: {
    /** Which of them it is. */
    readonly type: T;
  } & Happenings[T];
}[keyof Happenings];
