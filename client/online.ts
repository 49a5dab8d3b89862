// What only a client does that has registered, or is in a group: one part, which the conductor loads before anything of it
// is asked for. A page that somebody opens for the first time is there sooner without.

export { mustReturnSince } from './courier/condition.ts';
export { Courier } from './courier/courier.ts';
export { createGroup } from './courier/founding.ts';
export { acceptInvitation, declineInvitation } from './courier/invitations.ts';
export { noteDeregistration, noteRegistration } from './courier/registration.ts';
export { agreeToReturn, openRequests } from './courier/rejoin.ts';
export { Housekeeping } from './housekeeping.ts';
export { addMembers, applyChanges, leaveGroup } from './membership.ts';
export { sendDeletion, sendEdit, sendMessage, sendReceipts, sendTimer } from './state/unsent.ts';
export { linkBy } from './transport/link.ts';
