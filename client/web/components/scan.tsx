// Scanning a QR code: with the camera, or from a picture. The scanner itself is loaded when this is first shown.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messages } from '../model/language.ts';
import { Icon } from './icon.tsx';
import { complain, warn } from './toast.tsx';

interface ScanProps {
  readonly onRead: (content: string) => void;
  readonly onClose: () => void;
}

type Camera = 'starting' | 'watching' | 'denied';

export function Scan({ onRead, onClose }: ScanProps): JSX.Element {
  const { scan, common } = messages.value;
  const video = useRef<HTMLVideoElement>(null);
  const [camera, setCamera] = useState<Camera>('starting');
  const done = useRef(onRead);
  done.current = onRead;
  useEffect(() => {
    const ending = new AbortController();
    const watch = async () => {
      const { watchCamera } = await import('../scanner.ts');
      if (video.current !== null) done.current(await watchCamera(video.current, ending.signal));
    };
    watch().catch(() => {
      if (!ending.signal.aborted) setCamera('denied');
    });
    return () => ending.abort();
  }, []);
  return (
    <section class="scan" aria-label={scan.title}>
      <p role="status">{camera === 'denied' ? scan.denied : camera === 'starting' ? scan.starting : scan.hint}</p>
      <video ref={video} muted playsInline hidden={camera === 'denied'} onPlaying={() => setCamera('watching')} />
      <div class="row">
        <PictureButton onRead={onRead} />
        <button type="button" class="quiet" onClick={onClose}>
          {common.cancel}
        </button>
      </div>
    </section>
  );
}

export function PictureButton({ onRead }: Pick<ScanProps, 'onRead'>): JSX.Element {
  const { meet, scan } = messages.value;
  const input = useRef<HTMLInputElement>(null);
  const read = async (file: File) => {
    const { readPicture } = await import('../scanner.ts');
    const found = await readPicture(file).catch(() => null);
    if (found === null) warn(scan.none);
    else onRead(found);
  };
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        <Icon name="picture" />
        {meet.image}
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        data-purpose="qr"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) read(file).catch(complain);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
