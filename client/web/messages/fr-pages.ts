// The pages about what is kept and what goes on inside, in French.

import type { pagesEn } from './en-pages.ts';
import { isolate } from './isolate.ts';
import { wordsIn } from './words.ts';

const { plural } = wordsIn('fr');

export const pagesFr: typeof pagesEn = {
  inside: {
    title: 'Dans le groupe',
    what: 'Chaque message apporte une nouvelle clé de son auteur, et fait avancer la clé du groupe. Dites quelque chose, et regardez.',
    eyes: 'Vu par',
    members: 'Membres',
    relay: 'Relais',
    groupKey: 'Clé du groupe',
    vector: 'Vecteur',
    vectorHint: 'Combien de messages de chaque membre ont été ouverts ici.',
    stage: (name, count, key) =>
      `${isolate(name)} : ${plural(count, { one: '# message ouvert', other: '# messages ouverts' })}, clé du groupe ${key}`,
    stageGone: 'sa clé n’est plus là',
    step: (name, stage, key) => `${isolate(name)} a scellé avec ${stage}, clé ${key}`,
    newKey: (key) => `nouvelle clé ${key}`,
    light: 'léger : pas de nouvelle clé',
    moved: 'seulement une nouvelle clé, rien de dit',
    relaySees: (name, count, size, time) =>
      `Boîte ${name} → ${plural(count, { one: '# boîte', other: '# boîtes' })}, ${size}, ${time}`,
    relayKnows:
      'Le relais voit des boîtes, des heures et des tailles. Ni le groupe, ni son nom, ni qui est qui, ni clé, ni mot.',
    received: 'Boîte',
    waiting: (count) =>
      plural(count, { one: '# message en attend d’autres.', other: '# messages en attendent d’autres.' }),
    start: 'De nouvelles clés pour tous : IK',
    none: 'Encore rien depuis l’ouverture de cette page.',
    unknownSize: 'taille inconnue',
    lost: 'Les clés de ce groupe ne sont pas sur cet appareil : il n’y a rien à voir.',
    diagram: 'Les derniers pas du cliquet',
  },

  settings: {
    title: 'Réglages',
    receipts: 'Accusés de lecture',
    receiptsHint: 'Demander aux autres de dire quand ils ont lu, et le leur dire aussi.',
    backup: 'Sauvegarde',
    backupHint: 'Vos 24 mots, et un fichier avec vos contacts et vos groupes.',
    passphrase: 'Changer la phrase secrète',
    oldPassphrase: 'La phrase secrète actuelle',
    newPassphrase: 'La nouvelle',
    change: 'Changer',
    changed:
      'Cet appareil a une nouvelle phrase secrète. Les sauvegardes gardent celle avec laquelle elles ont été faites.',
    storage: 'Stockage',
    storageUsed: (used, all) => `${used} sur ${all} utilisés dans ce navigateur.`,
    persistent: 'Le navigateur le garde jusqu’à ce que vous l’effaciez.',
    notPersistent: 'Le navigateur peut l’effacer quand la place manque.',
    persist: 'Lui demander de le garder',
    persistNo: 'Le navigateur a refusé. Il acceptera peut-être une fois la page installée comme application.',
    notify: 'Notifications',
    notifyHint: 'Quand cet onglet est en arrière-plan. Elles nomment le groupe, et rien de ce qui est dit.',
    notifyOn: 'Activées',
    notifyAsk: 'Activer',
    notifyDenied: 'Le navigateur ne les autorise pas. Changez cela dans ses réglages pour ce site.',
    notification: 'Nouveau message',
    lock: 'Verrouiller',
    who: 'Votre identifiant',
    relay: 'Relais',
    forget: 'Quitter cet appareil',
    forgetHint: 'Met fin à votre inscription, et efface tout ce qui est gardé ici.',
    forgetTitle: 'Tout effacer ?',
    forgetBody:
      'Le relais vous oublie, et les messages, contacts et clés de ce navigateur sont perdus pour de bon. Les autres vous voient dans vos groupes jusqu’à ce que quelqu’un vous retire.',
    forgetGo: 'Tout effacer',
    forgetUntold:
      'Le relais ne peut pas être prévenu maintenant : il continuera à recevoir pour vous des messages que personne ne lira. Tout effacer ici quand même ?',
  },

  backup: {
    title: 'Sauvegarde',
    words: 'Votre phrase de récupération',
    wordsHint: 'Écrivez ces 24 mots sur du papier, et ne les montrez à personne : qui les a peut parler en votre nom.',
    reveal: 'Montrer les 24 mots',
    written: 'Je les ai notés',
    file: 'Fichier de sauvegarde',
    fileHint:
      'Qui vous êtes, vos contacts et les membres de vos groupes : rien de ce qui a été dit. Les 24 mots l’ouvrent, et cette phrase secrète si vous en donnez une.',
    passphrase: 'Phrase secrète du fichier (facultatif)',
    save: 'Enregistrer le fichier',
    working: 'Chiffrement …',
    saved: 'Le fichier est enregistré.',
  },
};
