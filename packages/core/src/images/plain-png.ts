import { sharp } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import type { ImageLimits } from './read-image-info.ts';

/** The picture alone, upright on white, as PNG without metadata: what a blind rater may see. Rejects as `decodeImage`. */
export async function plainPng(bytes: Uint8Array, limits: ImageLimits): Promise<Uint8Array> {
  const { width, height, data } = await decodeImage(bytes, limits, { orientation: 'apply', alpha: 'white' });
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
