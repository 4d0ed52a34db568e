/**
 * The geometry of a recipe: which of its forms are implemented, which size it ends in, and what it does to an image of
 * a given size. Every backend runs the resolved steps, so sizes and offsets are computed here and nowhere else.
 */
import type { ImageRecipe, RecipeStep, ResizeFilter } from '@diptych/plugin-kit';

export interface Size {
  readonly width: number;
  readonly height: number;
}
export type ResolvedStep =
  | { readonly step: 'resize'; readonly filter: ResizeFilter; readonly width: number; readonly height: number }
  /** Output pixel (x, y) is input pixel (x + left, y + top), zero outside the input; offsets may be negative. */
  | { readonly step: 'crop'; readonly left: number; readonly top: number; readonly width: number; readonly height: number };
export type NormaliseStep = Extract<RecipeStep, { step: 'normalise' }>;

const isSize = (size: number): boolean => Number.isInteger(size) && size > 0;

/** Calls `refuse` and throws its error for a recipe that no backend runs. */
export function checkRecipe(recipe: ImageRecipe, refuse: (reason: string) => Error): void {
  let isFloat = false;
  for (const [index, step] of recipe.entries()) {
    const isLast = index === recipe.length - 1;
    if ((step.step === 'normalise') !== isLast) throw refuse('the last step, and only the last, must be "normalise"');
    if (step.step === 'normalise') {
      if (step.mean.length !== 3 || step.deviation.length !== 3)
        throw refuse('mean and deviation need three entries, one a channel');
      if (step.deviation.some((deviation) => deviation === 0)) throw refuse('a deviation is zero');
      continue;
    }
    const sizes = step.step === 'resize-short-side' ? [step.size] : [step.width, step.height];
    if (!sizes.every(isSize)) throw refuse(`sizes of "${step.step}" must be positive integers, got ${sizes.join(', ')}`);
    if (step.step === 'centre-crop') {
      if (recipe[index - 1]?.step === 'centre-crop') throw refuse('two crops follow each other; write one');
      continue;
    }
    if (isFloat)
      throw refuse('a resize after "tensorflow-align-corners" would need a float32 filter, only 8-bit ones are implemented');
    isFloat = step.filter === 'tensorflow-align-corners';
  }
  if (recipe.length === 0) throw refuse('it is empty; it must end with "normalise"');
}

/** The size that every image ends in, or undefined where it depends on the image. */
export function recipeOutputSize(recipe: ImageRecipe): Size | undefined {
  let size: Size | undefined;
  for (const step of recipe) {
    if (step.step === 'resize' || step.step === 'centre-crop') size = { width: step.width, height: step.height };
    if (step.step === 'resize-short-side') size = undefined;
  }
  return size;
}

/** The steps before `normalise` for an image of this size. */
export function resolveRecipe(recipe: ImageRecipe, image: Size): ResolvedStep[] {
  let size = image;
  return recipe.flatMap((step): ResolvedStep[] => {
    if (step.step === 'normalise') return [];
    const resolved = step.step === 'centre-crop' ? centreCrop(size, step) : resizeStep(size, step);
    size = resolved;
    return [resolved];
  });
}

export const normaliseOf = (recipe: ImageRecipe): NormaliseStep => recipe.at(-1) as NormaliseStep;

type ResizeRecipeStep = Extract<RecipeStep, { filter: ResizeFilter }>;

/** Short side by torchvision's `_compute_resized_output_size`: the long side is int(size · long / short). */
function resizeStep({ width, height }: Size, step: ResizeRecipeStep): Extract<ResolvedStep, { step: 'resize' }> {
  if (step.step === 'resize') return step;
  const long = Math.max(1, Math.floor((step.size * Math.max(width, height)) / Math.min(width, height)));
  const [toWidth, toHeight] = width <= height ? [step.size, long] : [long, step.size];
  return { step: 'resize', filter: step.filter, width: toWidth, height: toHeight };
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** torchvision `center_crop`: pads with zeros by half the lack (rounded down before, up after), then crops at round(half the excess). */
function centreCrop(image: Size, crop: Size): Extract<ResolvedStep, { step: 'crop' }> {
  const offset = (have: number, want: number): number =>
    want > have ? -Math.floor((want - have) / 2) : roundHalfToEven((have - want) / 2);
  return {
    step: 'crop',
    left: offset(image.width, crop.width),
    top: offset(image.height, crop.height),
    width: crop.width,
    height: crop.height,
  };
}
