/** Which recipes are implemented, and what every image ends as. */
import { byteFilters, type ImageRecipe, type RecipeStep, viewsOf } from '@diptych/plugin-kit/runtime';

export interface RecipeOutput {
  readonly channels: number;
  /** Absent where they depend on the image. */
  readonly width?: number;
  readonly height?: number;
}

type Refuse = (reason: string) => Error;
const isSize = (size: number): boolean => Number.isInteger(size) && size > 0 && size <= 1 << 16;
const byteSteps = ['drop-alpha', 'grey', 'bgr', 'jpeg', 'gaussian-noise', 'texture-patches'];
const floatSteps = ['round', 'log', 'npr', 'diagonal-gradient', 'laplacian', 'srm', 'dct', 'dwt-hh', 'power-spectrum', 'azimuthal-mean']; // biome-ignore format: one list
const isByteFilter = (filter: string): boolean => (byteFilters as readonly string[]).includes(filter);

/** Calls `refuse` and throws its error for a recipe whose steps cannot follow each other, or whose numbers are none of theirs. */
export function checkRecipe(recipe: ImageRecipe, refuse: Refuse): void {
  if (!recipe.some(({ step }) => step === 'normalise'))
    throw refuse('it needs a step "normalise", which makes numbers of pixels');
  let isFloat = false;
  let channels = 3;
  for (const [index, step] of recipe.entries()) {
    checkSizes(step, refuse);
    if (isFloat) checkFloat(step, refuse);
    else if (floatSteps.includes(step.step))
      throw refuse(`"${step.step}" works on float32, and the pixels are still bytes; normalise first`);
    if (step.step === 'drop-alpha') checkAlpha(recipe.slice(0, index), refuse);
    if ((step.step === 'bgr' || step.step === 'jpeg') && channels !== 3) throw refuse(`"${step.step}" needs three channels`);
    if (step.step === 'texture-patches') checkPatches(step, refuse);
    if (step.step === 'normalise') checkNormalise(step, channels, refuse);
    isFloat ||= turnsToFloats(step);
    channels = channelsAfter(step, channels);
  }
  const multi = recipe.filter((step) => viewsOf([step]) > 1);
  if (multi.length > 1)
    throw refuse(`only one step may give several views, it has "${multi[0]!.step}" and "${multi[1]!.step}"`);
}

/** The nearest filters move pixels and leave them what they are. */
export const makesFloats = (filter: string): boolean => !isByteFilter(filter) && !filter.startsWith('torch-nearest');

/** Whether a step gives floats of bytes. */
export const turnsToFloats = (step: RecipeStep): boolean =>
  step.step === 'normalise' || ('filter' in step && step.filter !== undefined && makesFloats(step.filter));

function checkFloat(step: RecipeStep, refuse: Refuse): void {
  if (byteSteps.includes(step.step))
    throw refuse(`"${step.step}" works on 8-bit pixels, and the step before it gives float32`);
  if ('filter' in step && isByteFilter(step.filter))
    throw refuse(`"${step.filter}" works on 8-bit pixels, and the step before it gives float32`);
}

/** Alpha is known to moves and resizes only. */
function checkAlpha(before: ImageRecipe, refuse: Refuse): void {
  const wrong = before.find((step) => byteSteps.includes(step.step));
  if (wrong !== undefined) throw refuse(`"drop-alpha" must come before "${wrong.step}"`);
}

function checkNormalise(step: Extract<RecipeStep, { step: 'normalise' }>, channels: number, refuse: Refuse): void {
  if (step.mean.length !== channels || step.deviation.length !== channels)
    throw refuse(
      `mean and deviation of "normalise" need one number for each of ${channels} channels, got ${step.mean.length} and ${step.deviation.length}`,
    );
  // In float32, as the step computes: 1e-50 is zero there, and 1e39 infinite.
  const isAboveZero = (value: number): boolean => Math.fround(value) > 0 && Number.isFinite(Math.fround(value));
  if (!step.deviation.every(isAboveZero))
    throw refuse(`deviations of "normalise" must be above zero in float32, got ${step.deviation.join(', ')}`);
  if (!isAboveZero(step.scale)) throw refuse(`the scale of "normalise" must be above zero in float32, got ${step.scale}`);
  if (!step.mean.every((mean) => Number.isFinite(Math.fround(mean))))
    throw refuse(`means of "normalise" must be finite in float32, got ${step.mean.join(', ')}`);
}

function checkSizes(step: RecipeStep, refuse: Refuse): void {
  const sizes = 'size' in step ? [step.size] : 'width' in step ? [step.width, step.height] : [];
  if (!sizes.every(isSize)) throw refuse(`sizes of "${step.step}" must be positive integers, got ${sizes.join(', ')}`);
  if (step.step === 'random-crop' && !(Number.isInteger(step.views) && step.views >= 1))
    throw refuse(`"random-crop" needs at least one view, got ${step.views}`);
  if (step.step === 'five-crop-on-grid' && !(isSize(step.grid) && sizes.every((length) => length % step.grid === 0)))
    throw refuse(`"five-crop-on-grid" needs sizes of whole cells of ${step.grid}, got ${sizes.join(', ')}`);
  if (step.step !== 'pad') return;
  const pads = [step.left, step.top, step.right, step.bottom];
  if (!pads.every((pad) => pad === 0 || isSize(pad))) throw refuse(`pads must be integers from 0, got ${pads.join(', ')}`);
}

function channelsAfter(step: RecipeStep, channels: number): number {
  if (step.step === 'grey') return step.channels;
  return step.step === 'srm' ? step.filters : channels;
}

function checkPatches(step: Extract<RecipeStep, { step: 'texture-patches' }>, refuse: Refuse): void {
  const { patch, count, width, height } = step;
  if (width % patch !== 0 || height % patch !== 0) throw refuse(`patches of ${patch} do not tile ${width}x${height}`);
  if ((width / patch) * (height / patch) > count) throw refuse(`${count} patches are too few for ${width}x${height}`);
}

/** What every image ends as. */
export function recipeOutput(recipe: ImageRecipe): RecipeOutput {
  let output: RecipeOutput = { channels: 3 };
  for (const step of recipe) {
    const channels = channelsAfter(step, output.channels);
    output = { ...sizeAfter(step, output), channels };
  }
  return output;
}

function sizeAfter(step: RecipeStep, before: RecipeOutput): Omit<RecipeOutput, 'channels'> {
  const { width, height } = before;
  switch (step.step) {
    case 'resize':
    case 'letterbox':
    case 'centre-crop':
    case 'corner-crop':
    case 'five-crop':
    case 'five-crop-on-grid':
    case 'ten-crop':
    case 'random-crop':
    case 'texture-patches':
      return { width: step.width, height: step.height };
    case 'pad':
      return width === undefined || height === undefined
        ? {}
        : { width: step.left + width + step.right, height: step.top + height + step.bottom };
    case 'pad-to':
      return width === undefined || height === undefined
        ? {}
        : { width: Math.max(width, step.width), height: Math.max(height, step.height) };
    case 'dwt-hh':
      return width === undefined || height === undefined ? {} : { width: (width + 5) >> 1, height: (height + 5) >> 1 };
    case 'azimuthal-mean':
      return { width: step.length, height: 1 };
    case 'resize-short-side':
    case 'resize-by':
    case 'resize-long-side':
    case 'pad-to-square':
    case 'even-trim':
      return {};
    default:
      return width === undefined || height === undefined ? {} : { width, height };
  }
}
