/** Checks the inputs of a run against the plan, once for all backends, and gives them in the order that backends share. */
import {
  DiptychError,
  isDiptychError,
  type ModelInputs,
  type RasterImage,
  type Tensor,
  type Tensors,
  viewsOf,
} from '@diptych/plugin-kit/runtime';
import type { Plan } from '../graph/plan.ts';
import type { ImageStep } from '../graph/plan-images.ts';
import { sameShape, showShape, sizeOf } from '../graph/shapes.ts';
import { RecipeFault } from '../image-ops/geometry.ts';
import { preparedSize } from '../image-ops/lower-recipe.ts';
import { firstOutside, wholeRanges } from './whole-inputs.ts';

export interface RunInputs {
  /** Number of items, 0 to the plan's batch. */
  readonly items: number;
  /** Data of the tensor inputs, in the order of their sorted names. */
  readonly tensors: readonly Float32Array[];
  /** Images of each image step, in plan order. */
  readonly images: readonly (readonly RasterImage[])[];
}

export const tensorInputNames = (plan: Plan): string[] => Object.keys(plan.inputs).sort();
export const outputNames = (plan: Plan): string[] => Object.keys(plan.outputs).sort();
export const imageSteps = (plan: Plan): ImageStep[] => plan.steps.filter((step) => step.op === 'image');

const invalid = (plan: Plan, message: string): DiptychError =>
  new DiptychError('RUN_INPUT_INVALID', `Model "${plan.name}": ${message} Correct the call of run().`);

const isTensor = (input: Tensor | readonly RasterImage[]): input is Tensor => !Array.isArray(input);

export function readRunInputs(plan: Plan, inputs: ModelInputs): RunInputs {
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
    const list = inputs[step.input];
    if (list === undefined || isTensor(list))
      throw invalid(
        plan,
        `input "${step.input}" must be a list of images, got ${list === undefined ? 'nothing' : 'a tensor'}.`,
      );
    for (const [index, image] of list.entries()) checkImage(plan, step, image, index);
    counts.set(step.input, list.length);
    return list;
  });
  return { items: itemsOf(plan, counts), tensors, images: rasters };
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

function checkImage(plan: Plan, step: ImageStep, image: RasterImage, index: number): void {
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
}

function checkPrepared(plan: Plan, step: ImageStep, image: RasterImage, index: number): void {
  const { view = 0 } = image;
  const views = viewsOf(step.recipe);
  if (!Number.isInteger(view) || view < 0 || view >= views)
    throw invalid(plan, `image ${index} of "${step.input}" asks for view ${view}, its recipe has ${views} from 0.`);
  const [wantHeight, wantWidth] = plan.values[step.output]!.shape;
  const end = endOf(plan, step, image, index);
  if (end.width !== wantWidth || end.height !== wantHeight) {
    throw invalid(
      plan,
      `image ${index} of "${step.input}" ends as ${end.width}x${end.height} pixels by its recipe, the network wants ${wantWidth}x${wantHeight}.`,
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

/** Outputs by name with the batch in front, from data in the order of `outputNames`. */
export const tensorsOf = (plan: Plan, items: number, data: readonly Float32Array[]): Tensors =>
  Object.fromEntries(
    outputNames(plan).map((name, index) => [name, { shape: [items, ...plan.outputs[name]!.shape], data: data[index]! }]),
  );

/** Throws the signal's reason where the run was cancelled. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => signal?.throwIfAborted();
