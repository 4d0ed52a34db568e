/** Checks the inputs of a run against the plan, once for all backends, and gives them in the order that backends share. */
import {
  DiptychError,
  holdPixels,
  invariant,
  isLent,
  type ModelInputs,
  pixelsOf,
  type RasterImage,
  type Tensor,
  type Tensors,
} from '@diptych/plugin-kit/runtime';
import type { Plan } from '../graph/plan.ts';
import type { ImageStep } from '../graph/plan-images.ts';
import { sameShape, showShape, sizeOf } from '../graph/shapes.ts';
import { firstOutside, wholeRanges } from './whole-inputs.ts';

export interface RunInputs {
  /** Number of items, 0 to the plan's batch. */
  readonly items: number;
  /** Data of the tensor inputs, in the order of their sorted names. */
  readonly tensors: readonly Float32Array[];
  /** Images of each image step, in plan order; their pixels may be those that others read too. */
  readonly images: readonly (readonly ReadImage[])[];
}

/** `isLent`: its pixels stay what and where they are while they are held. */
export type ReadImage = RasterImage & { readonly isLent: boolean };

export const tensorInputNames = (plan: Plan): string[] => Object.keys(plan.inputs).sort();
export const outputNames = (plan: Plan): string[] => Object.keys(plan.outputs).sort();
export const imageSteps = (plan: Plan): ImageStep[] => plan.steps.filter((step) => step.op === 'image');

export const invalid = (plan: Plan, message: string): DiptychError =>
  new DiptychError('RUN_INPUT_INVALID', `Model "${plan.name}": ${message} Correct the call of run().`);

const isTensor = (input: Tensor | readonly RasterImage[]): input is Tensor => !Array.isArray(input);

/** With the pixels themselves: `data` of a raster that was lent is a copy. */
function readable(image: RasterImage): ReadImage {
  const { width, height, channels, view } = image;
  return { width, height, channels, data: pixelsOf(image), isLent: isLent(image), ...(view !== undefined && { view }) };
}

/** Throws for an image that an image step does not take. */
export type ImageCheck = (plan: Plan, step: ImageStep, image: RasterImage, index: number) => void;

/** A plan that takes images needs `checkImage`, that of `image-inputs.ts`. */
export function readRunInputs(plan: Plan, inputs: ModelInputs, checkImage?: ImageCheck): RunInputs {
  const images = imageSteps(plan);
  const expected = [...tensorInputNames(plan), ...images.map((step) => step.input)];
  const extra = Object.keys(inputs).find((name) => !expected.includes(name));
  if (extra !== undefined) throw invalid(plan, `it has no input "${extra}"; its inputs are ${expected.join(', ')}.`);
  const counts = new Map<string, number>();
  const tensors = tensorInputNames(plan).map((name) => {
    const tensor = inputs[name];
    const shape = plan.values[plan.inputs[name]!]!.shape;
    if (tensor === undefined || !isTensor(tensor))
      throw invalid(
        plan,
        `input "${name}" must be a tensor [items, ${shape.join(', ')}], got ${tensor === undefined ? 'nothing' : 'images'}.`,
      );
    if (!sameShape(tensor.shape.slice(1), shape) || tensor.data.length !== sizeOf(tensor.shape)) {
      throw invalid(
        plan,
        `input "${name}" must have shape [items, ${shape.join(', ')}], got ${showShape(tensor.shape)} with ${tensor.data.length} numbers.`,
      );
    }
    checkWhole(plan, name, tensor.data);
    counts.set(name, tensor.shape[0]!);
    return tensor.data;
  });
  const rasters = images.map((step) => {
    const given = inputs[step.input];
    if (given === undefined || isTensor(given))
      throw invalid(
        plan,
        `input "${step.input}" must be a list of images, got ${given === undefined ? 'nothing' : 'a tensor'}.`,
      );
    const list = given.map(readable);
    invariant(checkImage !== undefined, `Images of "${plan.name}" cannot be checked.`);
    for (const [index, image] of list.entries()) checkImage(plan, step, image, index);
    counts.set(step.input, list.length);
    return list;
  });
  return { items: itemsOf(plan, counts), tensors, images: rasters };
}

/** For a run whose images others threads read: lent pixels are kept until what it returns is called. */
export function holdImages(plan: Plan, inputs: ModelInputs): () => void {
  const images = imageSteps(plan).flatMap(({ input }) => inputs[input] as readonly RasterImage[]);
  const holds = images.map(holdPixels);
  return () => {
    for (const release of holds) release?.();
  };
}

function checkWhole(plan: Plan, name: string, data: Float32Array): void {
  const range = wholeRanges(plan).get(name);
  const fault = range && firstOutside(data, range);
  if (fault === undefined) return;
  throw invalid(
    plan,
    `input "${name}" must hold whole numbers from ${range!.least} to ${range!.most} (${range!.reason}), got ${fault.value} at ${fault.at}.`,
  );
}

function itemsOf(plan: Plan, counts: ReadonlyMap<string, number>): number {
  const different = new Set(counts.values());
  if (different.size !== 1) {
    throw invalid(
      plan,
      `all inputs must have the same number of items, got ${[...counts].map(([name, count]) => `${name}: ${count}`).join(', ')}.`,
    );
  }
  const [items] = different as unknown as [number];
  if (items > plan.batch) throw invalid(plan, `it was loaded for at most ${plan.batch} items a run, got ${items}.`);
  return items;
}

/** Outputs by name with the batch in front, from data in the order of `outputNames`. */
export const tensorsOf = (plan: Plan, items: number, data: readonly Float32Array[]): Tensors =>
  Object.fromEntries(
    outputNames(plan).map((name, index) => [name, { shape: [items, ...plan.outputs[name]!.shape], data: data[index]! }]),
  );

/** Throws the signal's reason where the run was cancelled. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => signal?.throwIfAborted();
