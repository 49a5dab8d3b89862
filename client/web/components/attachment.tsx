// A file in a message: a picture is shown if the browser is sure to treat it as nothing else, and everything can be saved.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { MessageContent } from '../../index.ts';
import { plainName } from '../messages/isolate.ts';
import { messages } from '../model/language.ts';
import { Icon } from './icon.tsx';

/** A file of a few KB can have a thousand times as many, and each takes four bytes to be shown. */
const maxPixels = 16_000_000;
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
  const isShown = useFits(isPicture ? url : null);
  return (
    <span class="attachment">
      {url !== null && isShown && <img src={url} alt={talk.picture(name)} />}
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

/** Whether it is a picture that can be shown. Its size stands at its beginning: the browser knows it before it draws it. */
function useFits(url: string | null): boolean {
  const [fits, setFits] = useState(false);
  useEffect(() => {
    if (url === null) return;
    const picture = new Image();
    picture.addEventListener('load', () => setFits(picture.naturalWidth * picture.naturalHeight <= maxPixels));
    picture.src = url;
  }, [url]);
  return fits;
}

/** Shows what it ends with. */
const shorten = (name: string): string =>
  name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength - 20)}…${name.slice(-19)}`.toWellFormed();

/** A name that is a name on every system. */
const safeName = (name: string): string => name.replace(/[\p{C}/\\:*?"<>|]/gu, '_').slice(-100);
