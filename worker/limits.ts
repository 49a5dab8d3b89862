// Numbers of the relay alone, each with what it trades. What both sides of the line must agree on stands in
// client/wire/limits.ts; what a deployment may set stands in settings.ts.

const second = 1000;
const hour = 3600 * second;
export const day = 24 * hour;

// Lanes: a sender's mailbox hands messages to a recipient's mailbox.

/** One call carries this much: few calls after an absence, yet no call near the platform's 32 MiB. */
export const maxDeliveryItems = 32;
export const maxDeliveryBytes = 256 * 1024;
/** Calls to peers at once: enough for most groups, few enough that what they carry has room in memory. */
export const maxLanesAtOnce = 128;
/** A mailbox that has not answered by then counts as failed: what it may still do is idempotent. */
export const callTimeoutMs = 30 * second;
/** A failed lane waits 5 s, doubling to an hour, ± 20 %. */
export const firstRetryMs = 5 * second;
export const lastRetryMs = hour;
/** A report of an acknowledgement that was lost in a crash is asked for again after this. */
export const probeMs = 6 * hour;

// What one mailbox holds.

/** For one recipient: past it only this recipient is refused, never the send. */
export const maxPendingPerRecipient = 256;
export const maxPendingBytesPerRecipient = 8 * 1024 * 1024;
/** Of one sender in all: past it the whole send is refused. */
export const maxRecords = 10_000;
export const maxOutboxBytes = 64 * 1024 * 1024;
/** That a recipient has gone or refuses is remembered this long: the next sends are told at once. */
export const absentRecipientMs = 60 * second;
/** Messages that somebody missed are listed to their sender this long, and so many of them. */
export const missLifetimeSeconds = 30 * 24 * 3600;
export const maxMisses = 256;
/** Every recipient of a record counts this much beside its header, so that the lanes fit in memory too. */
export const recipientOverheadBytes = 128;
export const mailboxFullRetrySeconds = 60;
/** Of one recipient: past it the lanes that lead here wait. */
export const maxQueueEntries = 1000;
export const maxQueueBytes = 32 * 1024 * 1024;
/** Sender marks make deliveries idempotent; a lane's retries are over long before a day has passed. */
export const markLifetimeMs = 24 * hour;
/** Senders that found the queue full are told when there is room: so many at once, the others by their backoff. */
export const maxTurnedAway = 64;
/** A mailbox whose owner was not here for so long is dropped. */
export const idleMs = 90 * day;
/** Pages of the queue over HTTP end before this, but carry one entry at least. */
export const maxPageBytes = 1024 * 1024;
/** Recipients lately delivered to are not looked up in the filter again. */
export const maxKnownRecipients = 1024;
export const knownRecipientMs = 24 * hour;
/** Senders of whom a mailbox has in memory what is acknowledged. */
export const maxKnownSenders = 1024;

// Key packages.

/** An upload costs one request more for so many packages: each is a row, and rows are what a deployment pays for. */
export const rowsPerToken = 10;

/** One claimer gets one one-time package of a mailbox in this time, and the same claim id the same answer. */
export const claimWindowMs = hour;
/** Claims of one claimer at one mailbox in that time, so that their remembered answers stay few. */
export const maxClaimsPerWindow = 8;

// Streams.

/** A ticket is used at once; the time covers a slow network. */
export const ticketLifetimeMs = 30 * second;
/** Frames of one client that wait for their turn; a client that floods is cut. */
export const maxWaitingFrames = 256;
/** Twice what a client has under way that pipelines 16 sends; the platform hands over frames of any size up to 32 MiB. */
export const maxWaitingFrameBytes = 16 * 1024 * 1024;
/** Frames in a row that were refused because the budget is spent; a client that does not listen is cut. */
export const maxRefusedFrames = 64;

// Requests that replace something.

/** Different ones of one kind that were signed in one second: times are whole seconds. */
export const maxChangesPerSecond = 8;

// Challenges.

/** Wrong answers for one HRID, and to one code by all HRIDs that wait for it. */
export const maxAttemptsPerHrid = 5;
export const maxAttemptsPerChallenge = 15;

export interface SendLimits {
  readonly perHour: number;
  readonly perDay: number;
}

/** Codes to one address that one network may ask for: as many as a person needs whose mail is slow. */
export const maxSendsOfPrefix: SendLimits = { perHour: 3, perDay: 5 };
/**
 * Codes to one address in all: messages cost money and annoy, and every code may be guessed. Twice as many an hour as
 * one network may ask for, so that a stranger in one leaves the owner's own. Whoever has as many networks as this takes
 * can still make the owner wait. The codes of an hour stand 6 × 15 guesses in a million: a chance of 9 × 10⁻⁵.
 */
export const maxSendsToAddress: SendLimits = { perHour: 6, perDay: 15 };
/** Codes that could not be sent, of one network and in all, for one address in an hour: each is work for a provider. */
export const maxFailedSends = { ofPrefix: 6, toAddress: 12 };
/** One provider has this long to take a code, all together that: a client waits for 30 s. */
export const sendTimeoutMs = 10 * second;
export const maxSendMs = 24 * second;
/** Text messages that one network may have sent in a day: an office has one address, and so has who owns numbers. */
export const maxTextsOfNetwork = 20;
export const hourMs = hour;

// Strangers: callers who cannot prove who they are. How many are refused of one prefix in a minute before the rest is
// refused unheard is the limit of the STRANGERS binding (wrangler.toml).

export const refusedPrefixMs = 60 * second;
/** Callers that were admitted lately are heard all the same; at 200 bytes each, both lists stay below 4 MiB. */
export const admittedMs = hour;
export const maxAdmittedCallers = 16_384;
export const maxRefusedPrefixes = 4096;

// Health.

/** What was found counts this long: whoever asks, storage and key-value store are read no oftener. */
export const healthAgeMs = 10 * second;
/** What has not answered by then fails. */
export const healthTimeoutMs = 3 * second;

// Filter.

/** KV takes one write a second for one key. */
export const publishIntervalMs = 1100;
/** After a write that failed. Not faster: a store that is down is not helped by 256 writers at its door. */
export const publishRetryMs = 10 * second;
/** A shard is published anew after this even if it has not changed: what KV lost or damaged heals. */
export const republishMs = 24 * hour;
/** A shard whose key is not set any more waits this long before it removes itself: a wrong setting can be set right. */
export const unreadShardMs = 7 * day;
/** Readers keep a shard for 30 to 60 s, spread so that they do not all come back at once. */
export const minShardAgeMs = 30 * second;
export const maxShardAgeMs = 60 * second;
/** A read that failed counts this long: a store that is down is not asked for every request, yet is soon asked again. */
export const failedReadMs = 2 * second;
/** How long a reader waits for another one's read before it reads by itself. */
export const sharedReadMs = second;
export const maxReaderBytes = 16 * 1024 * 1024;
/** Negatives that one caller may have confirmed by the writers: a burst, then one in ten seconds. */
export const confirmBurst = 256;
export const confirmsPerSecond = 0.1;
