/** What is done with the bytes of an image, here or in a thread of its own (`image-threads.ts`). */
import type { ImageInfo } from '@diptych/plugin-kit';
import { sha256Hex } from '../text/canonical-json.ts';
import { decodeImage } from './decode-image.ts';
import { freePixels } from './free-pixels.ts';
import { isConstant } from './is-constant.ts';
import { type ImageLimits, readImageInfo } from './read-image-info.ts';

export interface ImageFacts {
  readonly info: ImageInfo;
  /** A black or single-coloured stand-in. */
  readonly isConstant: boolean;
}

/** Decodes in full, so that a truncated file is found when it arrives rather than when it is judged. */
async function analyse(bytes: Uint8Array, limits: ImageLimits): Promise<ImageFacts> {
  const info = await readImageInfo(bytes, limits);
  const raster = await decodeImage(bytes, limits, { alpha: 'keep' }, info);
  const facts = { info, isConstant: isConstant(raster) };
  freePixels(raster);
  return facts;
}

/** What an image is before it is decoded. */
async function identify(bytes: Uint8Array, limits: ImageLimits): Promise<{ sha256: string; info: ImageInfo }> {
  return { info: await readImageInfo(bytes, limits), sha256: sha256Hex(bytes) };
}

export const imageTasks = { identify, decode: decodeImage, analyse };
export type ImageTasks = typeof imageTasks;
export type ImageTask = keyof ImageTasks;
