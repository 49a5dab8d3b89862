// What happened in a group, in French.

import type { storyEn, Who } from './en-story.ts';
import { isolate } from './isolate.ts';

const who = ({ name, isYou }: Who) => (isYou ? 'Vous' : isolate(name));
const has = ({ isYou }: Who) => (isYou ? 'avez' : 'a');
const is = ({ isYou }: Who) => (isYou ? 'êtes' : 'est');

export const storyFr: typeof storyEn = {
  founded: 'Vous avez fondé ce groupe.',
  invited: (by, count) => `${who(by)} vous a proposé de rejoindre ce groupe de ${count}.`,
  joined: (by, count) => `${who(by)} vous a fait entrer dans ce groupe de ${count}.`,
  added: (by, names) => `${who(by)} ${has(by)} ajouté ${names}.`,
  removed: (by, names) => `${who(by)} ${has(by)} retiré ${names}.`,
  left: (by) => (by.isYou ? 'Vous avez quitté le groupe.' : `${isolate(by.name)} a quitté le groupe.`),
  promoted: (by, names) => `${who(by)} ${has(by)} nommé admin : ${names}.`,
  demoted: (by, names) => `${who(by)} ${has(by)} fait redevenir simple membre : ${names}.`,
  steppedDown: (by) => `${who(by)} n’${is(by)} plus admin.`,
  renamed: (by, name) => `${who(by)} ${has(by)} nommé le groupe « ${isolate(name.replace(/[“”«»]/g, '"'))} ».`,
  carried: (names) => `Le retrait de ${names} a été effectué.`,
  undone: 'Un autre changement l’a devancé : celui-ci ne compte pas. Il est refait de lui-même s’il est encore permis.',
  verifyAgain: 'Les membres du groupe ont changé, et le numéro de sécurité aussi.',
  returnedYou: (by, whole) => {
    if (by === null)
      return 'Votre retrait ne compte pas : un autre changement l’a devancé. Vous êtes de nouveau dans le groupe.';
    const what = whole
      ? 'avec tout ce qu’il y avait avant'
      : 'avec de nouvelles clés : ce qui a été dit avant ne se lit pas ici';
    return `Vous êtes de nouveau dans ce groupe, ${what}. ${isolate(by.name)} vous a fait entrer.`;
  },
  returnedWhole: (name, by) => `${isolate(name)} est de retour. ${who(by)} ${has(by)} ouvert la porte.`,
  returnedNew: (name, by) =>
    `${isolate(name)} est de retour sans les clés d’avant, comme après la perte d’un appareil. ${who(by)} ${has(by)} ouvert la porte. Un doute ? Demandez par un autre moyen, et comparez le numéro de sécurité.`,
  asks: (name) =>
    `${isolate(name)} demande à revenir, comme après la perte d’un appareil. Toute personne ayant sa phrase de récupération pourrait le faire : demandez d’abord par un autre moyen.`,
  missed: (name, count) =>
    count === 1
      ? `Un message de ${isolate(name)} est perdu pour de bon. Demandez qu’il soit redit.`
      : `${count} messages de ${isolate(name)} sont perdus pour de bon. Demandez qu’ils soient redits.`,
  outYou: 'Vous avez quitté ce groupe.',
  out: (by) => `${who(by)} vous ${has(by)} retiré de ce groupe.`,
  timerOff: (by) => `${who(by)} ${has(by)} arrêté les messages éphémères.`,
  timer: (by, duration) => `${who(by)} ${has(by)} réglé les messages pour qu’ils disparaissent après ${duration}.`,
  verified: 'Vous avez comparé le numéro de sécurité : tout le monde ici est vérifié.',
  unverified: 'Vous avez retiré les marques de vérification.',
  unreached: (names) =>
    `Quelque chose n’a pas atteint ${names} : plus d’inscription, refus de ce qui vient de vous, ou absence trop longue. Qui en manque demande à revenir ; qui ne voit pas du tout ce groupe doit être retiré puis ajouté de nouveau.`,
  refusedBy: (names) =>
    `Un de vos messages n’atteint pas ${names} : pas d’inscription, refus de ce qui vient de vous, ou trop de choses en attente. Demandez par un autre moyen une connexion.`,
  failed: (reason) => `Un de vos messages n’a pas été envoyé. ${reason}`,
  gap: (name, reason) =>
    `Des messages de ${isolate(name)} n’arriveront jamais : ${
      {
        expired:
          'ils ont attendu trop longtemps cet appareil. Connectez-vous plus souvent, et faites redire ce qui compte.',
        full: 'trop de choses attendaient cet appareil. Connectez-vous plus souvent, et faites redire ce qui compte.',
        withdrawn: 'leur auteur s’est désinscrit. Demandez par un autre moyen une nouvelle inscription.',
      }[reason]
    }`,
  cloneYou:
    'Un autre appareil utilise les mêmes clés que celui-ci : une copie de ce stockage. Les autres n’acceptent plus rien d’aucun des deux avant que le groupe ait de nouvelles clés. Si la copie est à vous, n’en utilisez qu’un. Sinon, quelqu’un a copié votre stockage : inscrivez-vous à neuf, et faites retirer cet appareil de vos groupes.',
  clone: (name) =>
    `Deux appareils utilisent les clés de ${isolate(name)} : l’un est une copie. Rien d’aucun des deux n’est accepté avant que le groupe ait de nouvelles clés. Demandez à ${isolate(name)} par un autre moyen : si les deux lui appartiennent, un seul doit servir. Sinon, quelqu’un a copié l’appareil : faites-le retirer.`,
  fork: (name) =>
    `${isolate(name)} a reçu d’autres messages que vous. Comparez par un autre moyen ce qui a été dit. Ce que vous dites ici peut attendre que cet appareil soit réadmis, ce qu’il demande de lui-même.`,
  rolledBack:
    'Ce qui est gardé ici est plus ancien que ce qui en a été envoyé, et ce que vous avez dit depuis manque ici. Rien n’est envoyé dans ce groupe avant que ses membres aient réadmis cet appareil, ce qu’il demande de lui-même.',
  refused: (name, reason) => `Quelque chose de ${isolate(name)} a été laissé de côté. ${reason}`,
  compare: 'Le comparer',
  seeMembers: 'Voir les membres',
  deletedMessage: 'Un message a été supprimé',
  sentFile: (name) => `Fichier : ${isolate(name)}`,
  sentOther: 'Un message pour un autre programme',
};
