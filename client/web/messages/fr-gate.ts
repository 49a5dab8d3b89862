// What is said before there is a client, in French.

import type { GateMessages } from './en-gate.ts';
import { errorsFr } from './fr-errors.ts';
import { isolate } from './isolate.ts';

export const gateFr: GateMessages = {
  locale: 'fr',
  errors: errorsFr,

  common: {
    language: 'Langue',
    back: 'Retour',
    cancel: 'Annuler',
    close: 'Fermer',
    share: 'Partager',
    next: 'Suivant',
    done: 'Terminé',
    save: 'Enregistrer',
    retry: 'Réessayer',
    dismiss: 'Fermer le message',
    loading: 'Un instant …',
    notLoaded:
      'Une partie de ces pages n’est pas arrivée. Vérifiez votre connexion, puis rechargez ; ce que vous avez dit est conservé.',
    you: 'vous',
    youTitle: 'Vous',
    skip: 'Aller à la conversation',
    groupWithout: (id) => `Groupe ${id}`,
    notFound: 'Ce groupe n’est pas ici. Choisissez-en un dans la liste.',
  },

  welcome: {
    title: 'Parler en petit groupe. Personne n’écoute.',
    what: 'Cliquet chiffre ce que vous dites dans votre navigateur, pour votre groupe seul ; le relais qui le transporte voit quelles boîtes échangent des messages, quand et de quelle taille, et une fois l’adresse qui reçoit votre code.',
    begin: 'Commencer',
    restore: 'J’étais déjà là : restaurer',
    invited: (name) => (name === '' ? 'Quelqu’un vous invite à parler.' : `${isolate(name)} vous invite à parler.`),
    steps: (step, of) => `Étape ${step} sur ${of}`,
    address: 'Votre adresse',
    addressHint: 'E-mail, ou numéro de téléphone comme +33 6 12 34 56 78. Elle reçoit un code, et n’est pas conservée.',
    sendCode: 'Envoyez-moi un code',
    code: 'Le code',
    codeHint: (address) => `Six chiffres, envoyés à ${isolate(address)}.`,
    codeWrong: 'Ce n’est pas le code. Regardez encore, et tapez les six chiffres.',
    inbox: 'C’est un relais de développement : voyez le code dans sa boîte (nouvel onglet)',
    otherAddress: 'Utiliser une autre adresse',
    passphrase: 'Une phrase secrète pour cet appareil',
    passphraseHint:
      'Elle protège ce qui est gardé dans ce navigateur. Quatre mots se retiennent bien. Personne ne peut la réinitialiser.',
    passphraseAgain: 'La même encore une fois',
    passphraseShort: 'C’est trop court : au moins huit caractères, mieux quatre mots.',
    passphraseDiffers: 'Elles sont différentes.',
    show: 'Montrer',
    hide: 'Cacher',
    finish: 'Terminer',
    working: 'Verrouillage …',
    confirm: 'Confirmer',
  },

  restore: {
    title: 'Revenir',
    what: 'Votre phrase de récupération de 24 mots rétablit qui vous êtes. Un fichier de sauvegarde rétablit aussi vos contacts et les membres de vos groupes. Ce qui a été dit n’est que sur votre ancien appareil, et vos groupes doivent réadmettre celui-ci.',
    phrase: 'Phrase de récupération',
    phraseHint: '24 mots séparés par des espaces.',
    file: 'Fichier de sauvegarde (si vous en avez un)',
    filePassphrase: 'Phrase secrète de la sauvegarde',
    filePassphraseHint: 'Ou laissez vide et écrivez les 24 mots ci-dessus.',
    go: 'Restaurer',
    nothing: 'Écrivez les 24 mots, ou choisissez un fichier et écrivez sa phrase secrète.',
    address: 'L’adresse que vous aviez',
    addressHint: 'La même qu’avant : sinon vous êtes quelqu’un de nouveau pour tout le monde.',
    opening: 'Ouverture de la sauvegarde …',
  },

  unlock: {
    title: 'Content de vous revoir',
    passphrase: 'Votre phrase secrète',
    go: 'Déverrouiller',
    working: 'Déverrouillage …',
    forgotten:
      'Oubliée ? Personne ne peut ouvrir ce stockage sans elle. Vous pouvez l’effacer et recommencer, ou restaurer avec vos 24 mots.',
    erase: 'Effacer ce qui est gardé ici …',
    eraseTitle: 'Tout effacer ici ?',
    eraseBody:
      'Les messages, contacts et clés de ce navigateur sont perdus pour de bon. Avec vos 24 mots ou une sauvegarde, vous pouvez revenir.',
    eraseGo: 'Effacer',
  },

  elsewhere: {
    title: 'Cliquet travaille dans un autre onglet',
    body: 'Un seul onglet travaille à la fois, pour qu’aucune clé ne serve deux fois. Fermez l’autre, ou continuez ici.',
    go: 'Continuer ici',
  },

  failed: {
    title: 'Cela n’a pas marché',
    reload: 'Recharger',
  },
};
