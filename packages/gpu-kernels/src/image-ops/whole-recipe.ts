/** Whether a recipe ends in whole numbers, and between which: what an input that the file declares as integers can take. */
import { type ImageRecipe, type RecipeStep, viewsOf } from '@diptych/plugin-kit/runtime';
import { turnsToFloats } from './recipe-check.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}
const bytes: Range = { low: 0, high: 255 };

/** Steps that move pixels, and may add a border. */
const moves = ['centre-crop', 'corner-crop', 'flip', 'pad', 'pad-to', 'pad-to-square', 'even-trim'];
const movesPixels = (step: RecipeStep): boolean =>
  moves.includes(step.step) || viewsOf([step]) > 1 || ('filter' in step && step.filter.startsWith('torch-nearest'));

function normalised({ low, high }: Range, step: Extract<RecipeStep, { step: 'normalise' }>): Range | undefined {
  const { scale, mean, deviation } = step;
  if (scale !== 1 || !deviation.every((each) => each === 1) || !mean.every(Number.isInteger)) return undefined;
  return { low: low - Math.max(...mean), high: high - Math.min(...mean) };
}

/** Undefined: the recipe may give fractions. It must have passed `checkRecipe`. */
export function wholeRange(recipe: ImageRecipe): Range | undefined {
  let range: Range | undefined = bytes;
  let isByte = true;
  for (const step of recipe) {
    isByte &&= !turnsToFloats(step);
    if (step.step === 'round') range = bytes;
    else if (isByte) continue;
    else if (step.step === 'normalise') range = range && normalised(range, step);
    else if (!movesPixels(step)) range = undefined;
    // A border is 0, or the byte that the step says.
    else if (range)
      range = { low: Math.min(range.low, 0), high: Math.max(range.high, 'value' in step ? (step.value ?? 0) : 0) };
  }
  return range;
}
