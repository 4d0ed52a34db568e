/** Runs a recipe on one image, slowly and obviously: the oracle of the image step of every backend. */
import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import { byteStages } from './byte-stages.ts';
import { floatStages } from './float-stages.ts';
import { lowerRecipe } from './lower-recipe.ts';
import type { Pixels } from './pixels.ts';
import { spectralStages } from './spectral-stages.ts';
import type { StageRunner } from './stage-runner.ts';
import type { StageOp } from './stages.ts';

const runners: { readonly [Op in StageOp]: StageRunner<Op> } = { ...byteStages, ...floatStages, ...spectralStages };

/** The prepared image as float32 `[height, width, channels]`. The recipe must have passed `checkRecipe`. */
export function prepareImage(image: RasterImage, recipe: ImageRecipe): Pixels {
  return lowerRecipe(recipe, image).reduce<Pixels>(
    (pixels, stage) => (runners[stage.op] as StageRunner<StageOp>)(pixels, stage),
    image,
  );
}
