/** Images for tests, made with the codec rather than committed. */
import { sharp } from './codec.ts';

export const sharpJpeg = async (rgb: Uint8Array, width: number, height: number, quality = 90): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, mozjpeg: false })
      .toBuffer(),
  );
