import { createHash } from 'node:crypto';
import type { BackendName, PresentedImage } from '@diptych/plugin-kit';
import { presentedFromRaster } from '@diptych/plugin-kit/testing';
import { drawFormulaImage, formulaImageName, goldenImages } from '../../goldens/formula-images.ts';

export interface FormulaCase {
  readonly name: string;
  /** Of the pixels: equal to the golden's, or the golden is of other pictures. */
  readonly pixelsSha256: string;
  readonly image: PresentedImage;
}

/**
 * The pictures that all goldens of networks are made on. The reference backend, and WebGPU where a CPU plays the GPU, take
 * seconds a picture: they get every fourth, which are square, tall and one pixel; native gets all.
 */
export function formulaCases(backend: BackendName = 'native'): readonly FormulaCase[] {
  const chosen = goldenImages.filter((_, index) => backend === 'native' || index % 4 === 0);
  return chosen.map((formula) => {
    const raster = drawFormulaImage(formula);
    return {
      name: formulaImageName(formula),
      pixelsSha256: createHash('sha256').update(raster.data).digest('hex'),
      image: presentedFromRaster(raster),
    };
  });
}

/** `items` in calls of at most `size`. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  size: number,
  call: (batch: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += size) results.push(...(await call(items.slice(at, at + size))));
  return results;
}
