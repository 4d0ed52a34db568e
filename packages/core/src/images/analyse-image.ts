import { sha256Hex } from '../text/canonical-json.ts';
import type { ImageFacts } from './image-tasks.ts';
import { doImageTask } from './image-threads.ts';
import { checkSize, type ImageLimits } from './read-image-info.ts';

export interface AnalysedImage extends ImageFacts {
  readonly sha256: string;
}

/** Reads, decodes and checks images as they arrive. Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE. */
export type ImageAnalyser = (bytes: Uint8Array) => Promise<AnalysedImage>;

/** Identical files come in rows (placeholders, caches of a provider); so many are remembered. Arbitrary. */
const remembered = 256;

export function createImageAnalyser(limits: ImageLimits): ImageAnalyser {
  const known = new Map<string, Promise<AnalysedImage>>();
  return async (bytes) => {
    checkSize(bytes.length, limits);
    const sha256 = sha256Hex(bytes);
    const found = known.get(sha256);
    if (found) return found;
    const made = doImageTask('analyse', bytes, limits).then((facts) => ({ sha256, ...facts }));
    if (known.size >= remembered) known.delete(known.keys().next().value ?? '');
    known.set(sha256, made);
    return made;
  };
}
