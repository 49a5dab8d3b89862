// The pages that are loaded when they are first opened.

import { lazy } from '../components/lazy.tsx';

export const About = lazy(async () => (await import('./about.tsx')).About);
export const Again = lazy(async () => (await import('./again.tsx')).Again);
export const Backup = lazy(async () => (await import('./backup.tsx')).Backup);
export const Contacts = lazy(async () => (await import('./contacts.tsx')).Contacts);
export const Inside = lazy(async () => (await import('./inside.tsx')).Inside);
export const Meet = lazy(async () => (await import('./meet.tsx')).Meet);
export const Members = lazy(async () => (await import('./members.tsx')).Members);
export const NewGroup = lazy(async () => (await import('./new-group.tsx')).NewGroup);
export const RestoreForm = lazy(async () => (await import('./restore.tsx')).RestoreForm);
export const Settings = lazy(async () => (await import('./settings.tsx')).Settings);
export const Verify = lazy(async () => (await import('./verify.tsx')).Verify);
