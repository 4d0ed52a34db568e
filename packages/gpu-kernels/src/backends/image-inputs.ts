/** Whether image steps take images: their sizes, and what they end as by the recipe. */
import { DiptychError, isDiptychError, type RasterImage, viewsOf } from '@diptych/plugin-kit/runtime';
import type { Plan } from '../graph/plan.ts';
import type { ImageStep } from '../graph/plan-images.ts';
import { RecipeFault } from '../image-ops/geometry.ts';
import { preparedSize } from '../image-ops/lower-recipe.ts';
import { type ImageCheck, invalid } from './run-inputs.ts';

/** Whether the image step takes that image. */
export function takesImage(plan: Plan, step: ImageStep, image: RasterImage): boolean {
  try {
    checkImage(plan, step, image, 0);
    return true;
  } catch (error) {
    if (isDiptychError(error)) return false;
    throw error;
  }
}

export const checkImage: ImageCheck = (plan, step, image, index) => {
  const { width, height, channels, data } = image;
  if (
    ![width, height].every((size) => Number.isInteger(size) && size > 0) ||
    (channels !== 3 && channels !== 4) ||
    data.length !== width * height * channels
  ) {
    throw invalid(
      plan,
      `image ${index} of "${step.input}" must hold width * height * (3 or 4) bytes, got ${width}x${height}x${channels} with ${data.length} bytes.`,
    );
  }
  checkPrepared(plan, step, image, index);
};

function checkPrepared(plan: Plan, step: ImageStep, image: RasterImage, index: number): void {
  const { view = 0 } = image;
  const views = viewsOf(step.recipe);
  if (!Number.isInteger(view) || view < 0 || view >= views)
    throw invalid(plan, `image ${index} of "${step.input}" asks for view ${view}, its recipe has ${views} from 0.`);
  const [wantHeight, wantWidth] = plan.values[step.output]!.shape;
  const end = endOf(plan, step, image, index);
  if (end.width !== wantWidth || end.height !== wantHeight) {
    // Which pictures end so is the recipe's doing, so this is no fault of one image.
    throw new DiptychError(
      'RUN_INPUT_INVALID',
      `Model "${plan.name}": image ${index} of "${step.input}", of ${image.width}x${image.height} pixels, ends as ${end.width}x${end.height} by its recipe, the network wants ${wantWidth}x${wantHeight}. End the recipe with a step that fixes both sides, such as centre-crop or resize.`,
    );
  }
}

function endOf(plan: Plan, step: ImageStep, image: RasterImage, index: number): ReturnType<typeof preparedSize> {
  try {
    return preparedSize(step.recipe, image);
  } catch (error) {
    if (!(error instanceof RecipeFault)) throw error;
    // `details.image` says that the fault is the picture's, not the caller's.
    throw new DiptychError(
      'RUN_INPUT_INVALID',
      `Model "${plan.name}": its recipe cannot prepare image ${index} of "${step.input}": ${error.message}. Give another image.`,
      { details: { image: index } },
    );
  }
}
