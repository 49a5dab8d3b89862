// A file in a message: a picture is shown if the browser is sure to treat it as nothing else, and everything can be saved.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { MessageContent } from '../../index.ts';
import { plainName } from '../messages/isolate.ts';
import { messages } from '../model/language.ts';
import { Icon } from './icon.tsx';

/** So much of a name is shown as a whole. */
const maxNameLength = 60;

type File = Extract<MessageContent, { readonly type: 'bytes' }>;

/** No SVG: it could hold more than a picture. */
const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

export function Attachment({ file }: { readonly file: File }): JSX.Element {
  const { talk, words } = messages.value;
  const name = shorten(plainName(file.name ?? '')) || talk.noFileName;
  const isPicture = pictures.includes(file.mediaType);
  const url = useUrl(file, isPicture ? file.mediaType : 'application/octet-stream');
  const [isBroken, setBroken] = useState(false);
  return (
    <span class="attachment">
      {isPicture && url !== null && !isBroken && (
        <img src={url} alt={talk.picture(name)} onError={() => setBroken(true)} />
      )}
      <a class="file" href={url ?? '#'} download={safeName(file.name?.trim() || name)}>
        <Icon name="file" />
        <span>
          <bdi class="file-name">{name}</bdi>
          <small>{talk.file(words.size(file.data.length))}</small>
        </span>
      </a>
    </span>
  );
}

function useUrl(file: File, mediaType: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([new Uint8Array(file.data)], { type: mediaType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file, mediaType]);
  return url;
}

/** Shows what it ends with. */
const shorten = (name: string): string =>
  name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength - 20)}…${name.slice(-19)}`.toWellFormed();

/** A name that is a name on every system. */
const safeName = (name: string): string => name.replace(/[\p{C}/\\:*?"<>|]/gu, '_').slice(-100);
