// The pages that are not needed to register and to talk: one part, which is loaded after the others.

export { About } from './about.tsx';
export { Again } from './again.tsx';
export { Backup } from './backup.tsx';
export { Contacts } from './contacts.tsx';
export { Inside } from './inside.tsx';
export { Meet } from './meet.tsx';
export { Members } from './members.tsx';
export { NewGroup } from './new-group.tsx';
export { RestoreForm } from './restore.tsx';
export { Settings } from './settings.tsx';
export { Verify } from './verify.tsx';
