import type { ImageInfo } from '@diptych/plugin-kit';
import { sha256Hex } from '../text/canonical-json.ts';
import { decodeImage } from './decode-image.ts';
import { isConstant } from './present-image.ts';
import { type ImageLimits, readImageInfo } from './read-image-info.ts';

export interface AnalysedImage {
  readonly sha256: string;
  readonly info: ImageInfo;
  /** A black or single-coloured stand-in. */
  readonly isConstant: boolean;
}

/** Reads, decodes and checks images as they arrive. Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE. */
export type ImageAnalyser = (bytes: Uint8Array) => Promise<AnalysedImage>;

/** Identical files come in rows (placeholders, caches of a provider); so many are remembered. Arbitrary. */
const remembered = 256;

export function createImageAnalyser(limits: ImageLimits): ImageAnalyser {
  const known = new Map<string, Promise<AnalysedImage>>();
  return (bytes) => {
    const sha256 = sha256Hex(bytes);
    const found = known.get(sha256);
    if (found) return found;
    const made = analyse(bytes, sha256, limits);
    if (known.size >= remembered) known.delete(known.keys().next().value ?? '');
    known.set(sha256, made);
    return made;
  };
}

/** Decodes in full, so that a truncated file is found when it arrives rather than when it is judged. */
async function analyse(bytes: Uint8Array, sha256: string, limits: ImageLimits): Promise<AnalysedImage> {
  const info = await readImageInfo(bytes, limits);
  const raster = await decodeImage(bytes, limits, { alpha: 'keep' }, info);
  return { sha256, info, isConstant: isConstant(raster) };
}
