// Makes a picture small enough for a message: fewer pixels, then less detail, as far as it has to be. What else stood in the
// file, such as where it was taken, is gone with that. Loaded when somebody sends one.

const sides = [1600, 1200, 900, 640, 480, 320];
const qualities = [0.8, 0.65, 0.5];
const type = 'image/webp';

export interface Picture {
  readonly mediaType: string;
  readonly data: Uint8Array;
}

/** @returns null if it is no picture that the browser can read, or cannot be made small enough */
export async function shrink(file: Blob, maxBytes: number): Promise<Picture | null> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (picture === null) return null;
  try {
    for (const side of sides) {
      const scale = Math.min(1, side / Math.max(picture.width, picture.height));
      const canvas = new OffscreenCanvas(
        Math.max(1, Math.round(picture.width * scale)),
        Math.max(1, Math.round(picture.height * scale)),
      );
      canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (const quality of qualities) {
        // A browser that cannot make one of this type makes another, and says so.
        const made = await canvas.convertToBlob({ type, quality });
        if (made.size <= maxBytes) return { mediaType: made.type, data: new Uint8Array(await made.arrayBuffer()) };
      }
    }
    return null;
  } finally {
    picture.close();
  }
}
