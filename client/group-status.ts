// Where a client stands in a group.

/**
 * Where a client stands in a group.
 * @category Groups
 */
export type GroupStatus =
  /** Somebody who is no contact has put this client into it; nothing is sent before the person accepts. */
  | 'invited'
  /** This client is in it. */
  | 'active'
  /** The person has declined the invitation. */
  | 'declined'
  /** The keys are not here, as after a restored backup: the members are asked to let this client in again. What is sent waits. */
  | 'lost'
  /** Somebody has removed this client. What was said before can be read. */
  | 'removed'
  /** This client has left. What was said before can be read. */
  | 'left';
