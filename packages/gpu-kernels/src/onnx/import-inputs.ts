/** The inputs of a file as inputs of a graph: the leading dimension is the batch, all others must be known. */
import type { GraphInput, ImageRecipe, OnnxOptions } from '@diptych/plugin-kit';
import { graphInvalid, opUnsupported } from '../graph/graph-errors.ts';
import { showShape } from '../graph/shapes.ts';
import { recipeOutput } from '../image-ops/recipe-check.ts';
import { type Range, wholeRange } from '../image-ops/whole-recipe.ts';
import { nameOfType, type OnnxModel, type OnnxValue } from './onnx-model.ts';

export interface ImportOptions extends Pick<OnnxOptions, 'items' | 'quantisation'> {
  /** Products between DequantizeLinear ops have exact sums of integers: see `lower/quantised-pairs.ts`. */
  readonly inIntegers?: boolean;
  /** How images become the input: one recipe for the only image input, or recipes by input name. Other inputs take tensors. */
  readonly recipe?: ImageRecipe | Readonly<Record<string, ImageRecipe>>;
  /** Item shapes (without batch) by input name, where the file leaves dimensions open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

const isOneRecipe = (recipe: NonNullable<ImportOptions['recipe']>): recipe is ImageRecipe => Array.isArray(recipe);

/** An image with a batch of its own, of one or as many as one likes, in a file that is run for one item. */
export const isImageOfOne = ({ shape }: OnnxValue): boolean =>
  shape?.length === 4 && (shape[0] === 1 || typeof shape[0] === 'string');

/** The recipes of image inputs, by name. */
export function recipesOf(model: OnnxModel, { recipe, items }: ImportOptions): ReadonlyMap<string, ImageRecipe> {
  if (recipe === undefined) return new Map();
  const known = model.inputs.map(({ name }) => name);
  if (isOneRecipe(recipe)) {
    const isImage = (input: OnnxValue): boolean =>
      input.shape?.length === (items === 'graph' ? 3 : 4) || isImageOfOne(input);
    const images = model.inputs.filter(isImage);
    if (images.length !== 1)
      throw graphInvalid(
        `Graph "${model.name}"`,
        `a single recipe needs exactly one image input, it has ${images.length} (inputs: ${known.join(', ')}). Give recipes by input name.`,
      );
    return new Map([[images[0]!.name, recipe]]);
  }
  const extra = Object.keys(recipe).find((name) => !known.includes(name));
  if (extra !== undefined)
    throw graphInvalid(
      `Graph "${model.name}"`,
      `a recipe is given for input "${extra}"; its inputs are ${known.join(', ')}. Name one of these (in a card: \`input\`).`,
    );
  return new Map(Object.entries(recipe));
}

/** float32; float16 and bfloat16, which are computed in float32; integers and truth, whose numbers are given as float32. */
const inputTypes = [1, 10, 16, 2, 3, 4, 5, 6, 7, 9, 12, 13];

/** Of those, integers and truth, with what an image may hold of them. */
const wholeTypes: Readonly<Record<number, Range & { readonly name: string }>> = {
  2: { name: 'uint8', low: 0, high: 255 },
  3: { name: 'int8', low: -128, high: 127 },
  4: { name: 'uint16', low: 0, high: 65_535 },
  5: { name: 'int16', low: -32_768, high: 32_767 },
  6: { name: 'int32', low: -(2 ** 24), high: 2 ** 24 },
  7: { name: 'int64', low: -(2 ** 24), high: 2 ** 24 },
  9: { name: 'bool', low: 0, high: 1 },
  12: { name: 'uint32', low: 0, high: 2 ** 24 },
  13: { name: 'uint64', low: 0, high: 2 ** 24 },
};

/** Pixels divided by 255 in an input of bytes would be computed, and mean nothing. */
function checkWhole(name: string, type: number, recipe: ImageRecipe): void {
  const { name: expected, low, high } = wholeTypes[type]!;
  const given = wholeRange(recipe);
  if (given !== undefined && given.low >= low && given.high <= high) return;
  const got = given === undefined ? 'fractions' : `numbers from ${given.low} to ${given.high}`;
  throw graphInvalid(
    `Input "${name}"`,
    `the file takes ${expected}, the recipe gives ${got}. End it with "normalise" of scale 1, whole mean and deviation 1, or with "round".`,
  );
}

const isOpen = ({ shape }: OnnxValue): boolean =>
  shape === undefined || shape.slice(1).some((size) => typeof size === 'string');

/**
 * What cures sizes that only the user knows: hence bad input, and nothing that is unsupported. All inputs at once, each with what
 * the file says of it.
 */
function giveShapes(inputs: readonly OnnxValue[]): string {
  const forms = inputs.map(({ name, shape }) => {
    const sizes = shape?.slice(1).map((size) => (typeof size === 'number' ? size : size.toUpperCase() || 'SIZE'));
    return `${name}=${sizes?.join(',') ?? 'SIZE,…'}`;
  });
  return `Give numbers for the names: \`--shape ${forms.join(' ')}\` with \`diptych model\` (the batch is left out), the \`recipe\` of a card for an image, \`shapes\` in code.`;
}

function importInput(
  input: OnnxValue,
  recipe: ImageRecipe | undefined,
  { fixed, cure }: { readonly fixed: readonly number[] | undefined; readonly cure: string },
): GraphInput {
  const place = { name: input.name, op: 'input' };
  if (input.type === undefined || !inputTypes.includes(input.type))
    throw opUnsupported(
      place,
      `an input of element type ${input.type === undefined ? 'unknown' : nameOfType(input.type)}, only float types up to 32 bits, integers and bool are implemented`,
    );
  const [, ...declared] = input.shape ?? [];
  if (fixed === undefined && input.shape === undefined)
    throw graphInvalid(place, `the file says nothing of its shape. ${cure}`);
  if (input.shape?.length === 0) throw opUnsupported(place, 'a scalar input, which has no batch');
  const size = recipe && recipeOutput(recipe);
  const shape = (fixed ?? declared).map((length, d) => {
    const prepared = declared.length === 3 ? [size?.channels, size?.height, size?.width][d] : undefined;
    const known = typeof length === 'number' ? length : prepared;
    if (known === undefined)
      throw graphInvalid(place, `the file leaves dimension ${d + 1} open${length === '' ? '' : ` ("${length}")`}. ${cure}`);
    return known;
  });
  if (
    fixed !== undefined &&
    input.shape !== undefined &&
    (fixed.length !== declared.length || declared.some((length, d) => typeof length === 'number' && length !== fixed[d]))
  ) {
    throw graphInvalid(
      place,
      `the shape given, ${showShape(fixed)} without batch, contradicts the file: [${declared.join(', ')}].`,
    );
  }
  if (!shape.every((length) => Number.isInteger(length) && length > 0))
    throw graphInvalid(place, `sizes must be positive, got ${showShape(shape)} without batch.`);
  const isWhole = wholeTypes[input.type] !== undefined;
  if (isWhole && recipe !== undefined) checkWhole(input.name, input.type, recipe);
  return { name: input.name, shape, ...(recipe === undefined ? {} : { recipe }), ...(isWhole ? { whole: true } : {}) };
}

/** Inputs with the shape of one item. Throws GRAPH_INVALID where the options contradict the file. */
export function importInputs(model: OnnxModel, options: ImportOptions): GraphInput[] {
  const recipes = recipesOf(model, options);
  const shapes = new Map(Object.entries(options.shapes ?? {}));
  const known = model.inputs.map(({ name }) => name);
  const extra = [...shapes.keys()].find((name) => !known.includes(name));
  if (extra !== undefined)
    throw graphInvalid(
      `Graph "${model.name}"`,
      `a shape is given for input "${extra}"; its inputs are ${known.join(', ')}.`,
    );
  const isWhole = (input: OnnxValue): boolean =>
    options.items === 'graph' && !(recipes.has(input.name) && isImageOfOne(input));
  const withBatch = (input: OnnxValue): OnnxValue =>
    isWhole(input) && input.shape !== undefined ? { ...input, shape: ['', ...input.shape] } : input;
  const inputs = model.inputs.map(withBatch);
  const isGiven = ({ name, shape }: OnnxValue): boolean => shapes.has(name) || (recipes.has(name) && shape?.length === 4);
  const cure = giveShapes(inputs.filter((input) => isOpen(input) && !isGiven(input)));
  return inputs.map((input) => importInput(input, recipes.get(input.name), { fixed: shapes.get(input.name), cure }));
}

/** The leading dimension where all inputs fix the same. */
export function fixedBatchOf(model: OnnxModel): number | undefined {
  const leading = new Set(model.inputs.map(({ shape }) => shape?.[0]));
  const [batch] = leading;
  return leading.size === 1 && typeof batch === 'number' ? batch : undefined;
}
