/**
 * Whether a network is as good in half precision: on loading, a few fixed items run both ways, and a network whose scores
 * differ too much is computed in a finer precision instead, which its runtime records. The items depend on nothing but the plan, so
 * that the same network on the same adapter is judged alike in every run.
 */
import type { BeyondHalf, ModelInputs, Precision, RasterImage, Tensor, Tensors } from '@diptych/plugin-kit';
import type { Backend, Executable } from './backends/backend.ts';
import { takesImage } from './backends/image-inputs.ts';
import { imageSteps, tensorInputNames } from './backends/run-inputs.ts';
import { wholeRanges } from './backends/whole-inputs.ts';
import type { Plan } from './graph/plan.ts';
import type { ImageStep } from './graph/plan-images.ts';
import type { PlannedGraph } from './graph/planner.ts';
import { sizeOf } from './graph/shapes.ts';
import { smoothNoise } from './image-ops/smooth-noise.ts';
import { randomNumbers } from './kernels/case.ts';
import { behindIndices } from './kernels/single-values.ts';

export type HalfPrecision = Exclude<Precision, 'f32'>;

/** What half precision must keep (of float32 on the same adapter). */
export const halfLimits = { cosine: 0.999, score: 1e-3 } as const;
const names = { f16: 'half precision', bf16: 'bfloat16' } as const;
const formats = { f16: 'float16', bf16: 'bfloat16' } as const;
/**
 * Of the pictures to compare by. They vary slowly: noise by the pixel, of which a layer's sums stay near 0, hides losses of many times as
 * much with other pictures. A network near the limits may still lose more with some picture than with these.
 */
const seeds = [2000, 2001] as const;
const probeItems = seeds.length;

/** Items to compare by, or undefined where no picture of a likely size passes the recipe. */
export function probeOf(plan: Plan): ModelInputs | undefined {
  const items = Math.min(probeItems, plan.batch);
  const indices = behindIndices(plan);
  const ranges = wholeRanges(plan);
  const tensors = tensorInputNames(plan).map((name, number): [string, Tensor] => {
    const id = plan.inputs[name]!;
    const { shape } = plan.values[id]!;
    const numbers = isPicture(shape)
      ? preparedPictures(shape, items)
      : randomNumbers(sizeOf(shape) * items, 7 + number, [-2, 2]);
    // Whatever a table holds, it has row 0, and most have row 1.
    const most = ranges.get(name)?.most ?? (indices.has(id) ? 1 : undefined);
    const data = most === undefined ? numbers : numbers.map((value) => (value > 0 ? Math.min(1, most) : 0));
    return [name, { shape: [items, ...shape], data }];
  });
  const images = imageSteps(plan).map((step) => [step.input, picturesFor(plan, step, items)] as const);
  if (images.some(([, pictures]) => pictures === undefined)) return undefined;
  return Object.fromEntries([...tensors, ...(images as [string, RasterImage[]][])]);
}

/** Whether a tensor is a picture that was prepared elsewhere. */
const isPicture = ([channels = 0, height = 0, width = 0, ...others]: readonly number[]): boolean =>
  others.length === 0 && channels <= 4 && Math.min(height, width) >= 16;

/** Pictures with their channels first and numbers from −2 to 2, about as far from 0 as prepared ones. */
function preparedPictures([channels, height, width]: readonly number[], items: number): Float32Array {
  const [depth, size] = [channels!, height! * width!];
  const numbers = new Float32Array(items * depth * size);
  for (let item = 0; item < items; item++) {
    const picture = smoothNoise(width!, height!, depth, seeds[item]!);
    for (let at = 0; at < picture.length; at++)
      numbers[item * picture.length + (at % depth) * size + Math.floor(at / depth)] = 2 * picture[at]!;
  }
  return numbers;
}

/** Pictures of the first size that the recipe turns into what the network takes. */
function picturesFor(plan: Plan, step: ImageStep, items: number): RasterImage[] | undefined {
  const [height, width] = plan.values[step.output]!.shape as [number, number];
  const sizes = [[width, height], [2 * width, 2 * height], [256, 256], [512, 512], [1024, 1024]] as const; // biome-ignore format: a table
  const pictureOf = (w: number, h: number, seed: number): RasterImage => ({
    width: w,
    height: h,
    channels: 3,
    data: Uint8Array.from(smoothNoise(w, h, 3, seed), (value) => Math.round((value + 1) * 127.5)),
  });
  const found = sizes.find(([w, h]) => takesImage(plan, step, { width: w, height: h, channels: 3, data: new Uint8Array(w * h * 3) })); // biome-ignore format: one condition
  return found && seeds.slice(0, items).map((seed) => pictureOf(found[0], found[1], seed));
}

/** Numbers that are no shares already are seen through the logistic function, as a detector's threshold would see them. */
const asScores = (data: Float32Array): Float32Array =>
  data.every((value) => value >= 0 && value <= 1) ? data : data.map((value) => 1 / (1 + Math.exp(-value)));

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += value * b[i]!;
    aa += value * value;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 && bb === 0 ? 1 : ab / Math.sqrt(aa * bb);
}

/** The most that two scores of one place differ by; NaN where one of them is. */
export function scoresApart(data: Float32Array, expected: Float32Array): number {
  const [scores, wanted] = [asScores(data), asScores(expected)];
  return scores.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
}

/** Why the network must be computed in a finer precision, or undefined where half precision is as good. */
export function lossOf(precision: HalfPrecision, half: Tensors, full: Tensors): string | undefined {
  for (const [name, { data: expected }] of Object.entries(full)) {
    const { data } = half[name]!;
    const cosine = cosineOf(data, expected);
    const difference = scoresApart(data, expected);
    // Written so that NaN, which infinities of a half become, is a loss too.
    if (cosine >= halfLimits.cosine && difference <= halfLimits.score) continue;
    const counted = Number.isNaN(difference) || Number.isNaN(cosine) ? `numbers beyond ${formats[precision]}` : `cosine ${cosine.toFixed(6)}, scores up to ${difference.toExponential(1)} apart`; // biome-ignore format: one choice
    return `output "${name}" in ${names[precision]} against float32: ${counted}; allowed are cosine ${halfLimits.cosine} and ${halfLimits.score}`;
  }
  return undefined;
}

async function scoresOf(backend: Backend, plan: Plan, weights: Tensors, probe: ModelInputs): Promise<Tensors> {
  await using executable = await backend.compile({ ...plan, batch: Math.min(probeItems, plan.batch) }, weights, 'f32');
  return await executable.run(probe);
}

/** The plan in half precision, or in the first finer one that is as good as float32; then `giveUp` hears why. */
export async function compileChecked(
  backend: Backend,
  precision: HalfPrecision,
  { plan, weights }: PlannedGraph,
  giveUp: (found: BeyondHalf) => void,
): Promise<Executable> {
  const probe = probeOf(plan);
  const network = plan.name;
  let reason: string | undefined;
  if (probe !== undefined) {
    const full = await scoresOf(backend, plan, weights, probe);
    for (const computedIn of [undefined, ...(backend.between ?? [])]) {
      const executable = await backend.compile(plan, weights, computedIn);
      const loss = lossOf(precision, await executable.run(probe), full);
      if (loss === undefined) {
        if (reason !== undefined && computedIn !== undefined) giveUp({ network, reason, computedIn });
        return executable;
      }
      await executable[Symbol.asyncDispose]();
      reason ??= loss;
    }
  }
  reason ??= `no picture of a likely size passes its recipe, so that ${names[precision]} cannot be checked`;
  giveUp({ network, reason });
  return backend.compile(plan, weights, 'f32');
}
