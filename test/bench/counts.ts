// What the platform counts of a registration and of a message, as test/worker/cost.workerd.test.ts finds it.

export interface Counts {
  /** SQLite rows written, and alarms set, which cost as much. */
  readonly rows: number;
  /** At most. */
  readonly rowsRead: number;
  /** Requests to objects: calls, alarms that fire, connections, twenty frames that come over a stream. */
  readonly objectRequests: number;
  /** Requests to the Worker. */
  readonly requests: number;
  readonly keyValueWrites: number;
  /** Points for Analytics Engine, if it is bound. */
  readonly points: number;
  /** That stay for as long as the client is registered. */
  readonly bytes: number;
}

/** With 50 key packages and the first stream, until the registrar has forgotten it. */
export const registration = {
  // 50 of them are key packages, 13 the mailbox's tables.
  rows: 95,
  rowsRead: 250,
  // begin, answer, add, register, upload, ticket, connect; twice `has`, as the key-value store is late; three alarms.
  objectRequests: 12,
  // Info, registrations twice, key packages, ticket, stream.
  requests: 6,
  keyValueWrites: 1,
  // Sent and answered.
  points: 2,
  bytes: 151_552,
} as const satisfies Counts;

/** To so many over streams, each of whom acknowledges it alone. */
export const messageTo = (recipients: number): Counts => ({
  // The alarm is one of them (test/worker/mailbox/rows.workerd.test.ts).
  rows: 4 + 3 * recipients,
  rowsRead: 25 * recipients,
  // Deliveries, reports, one alarm; the send and the acknowledgements as frames.
  objectRequests: 2 * recipients + 1 + (1 + recipients) / 20,
  requests: 0,
  keyValueWrites: 0,
  // Accepted, delivered, acknowledged.
  points: 1 + 2 * recipients,
  bytes: 0,
});

/** At N = 3. */
export const messageAlone: Counts = messageTo(2);

/** The same, 50 delivered one by one and acknowledged together. */
export const messageTogether: Counts = {
  ...messageAlone,
  rows: (303 + 1) / 50,
  objectRequests: 2 + (2 + 1) / 50 + (1 + 2 / 50) / 20,
  points: 3 + 2 / 50,
};
