// Reads QR codes, from a picture or from the camera. Loaded only when somebody wants to.

import { decodeQR } from 'qr/decode.js';

/** Larger pictures are made smaller first: it is faster, and finds as much. */
const maxSide = 1200;
/** Between two looks through the camera. */
const frameMs = 150;

type Source = ImageBitmap | HTMLVideoElement;

/** @returns what the code in a picture says, or null if there is none to be found */
export async function readPicture(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file);
  try {
    const { width, height } = picture;
    // A code that fills a large picture is read best when it is smaller, a small one in a corner when it is not.
    for (const side of [maxSide, Math.max(width, height), maxSide / 2]) {
      const found = read(picture, width, height, side);
      if (found !== null) return found;
    }
    return null;
  } finally {
    picture.close();
  }
}

function read(source: Source, width: number, height: number, side: number): string | null {
  if (width === 0 || height === 0) return null;
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    // There is none, or not all of it.
    return null;
  }
}

/**
 * Looks through the camera until a code is found.
 * @param video  shows what the camera sees
 * @throws DOMException if there is no camera, or it may not be used; the signal's reason
 */
export async function watchCamera(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  try {
    signal.throwIfAborted();
    video.srcObject = stream;
    await video.play();
    for (;;) {
      signal.throwIfAborted();
      const found = read(video, video.videoWidth, video.videoHeight, maxSide / 2);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, frameMs));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
