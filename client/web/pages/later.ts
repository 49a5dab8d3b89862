// The pages of the part that is loaded later, as if they were here.

import { lazy } from '../components/lazy.tsx';

export const load = (): Promise<typeof import('./later-pages.ts')> => import('./later-pages.ts');

export const About = lazy(async () => (await load()).About);
export const Again = lazy(async () => (await load()).Again);
export const Backup = lazy(async () => (await load()).Backup);
export const Contacts = lazy(async () => (await load()).Contacts);
export const Inside = lazy(async () => (await load()).Inside);
export const Meet = lazy(async () => (await load()).Meet);
export const Members = lazy(async () => (await load()).Members);
export const NewGroup = lazy(async () => (await load()).NewGroup);
export const RestoreForm = lazy(async () => (await load()).RestoreForm);
export const Settings = lazy(async () => (await load()).Settings);
export const Verify = lazy(async () => (await load()).Verify);
