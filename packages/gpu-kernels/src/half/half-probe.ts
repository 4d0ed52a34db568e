/**
 * Items by which a network in half precision is compared with float32. They depend on nothing but the plan, so that the same network
 * on the same adapter is judged alike in every run. Pictures vary slowly: noise by the pixel, of which a layer's sums stay near 0, hides
 * losses of many times as much with other pictures. Where these do not settle it, half of the others are drawn: of a CLIP tower drawings move
 * the embedding four times as far.
 */
import type { ModelInputs, RasterImage, Tensor } from '@diptych/plugin-kit';
import { takesImage } from '../backends/image-inputs.ts';
import { imageSteps, tensorInputNames } from '../backends/run-inputs.ts';
import { wholeRanges } from '../backends/whole-inputs.ts';
import type { Plan } from '../graph/plan.ts';
import type { ImageStep } from '../graph/plan-images.ts';
import { sizeOf } from '../graph/shapes.ts';
import { drawing } from '../image-ops/drawing.ts';
import { smoothNoise } from '../image-ops/smooth-noise.ts';
import { randomNumbers } from '../kernels/case.ts';
import { behindIndices } from '../kernels/single-values.ts';

/** Seeds of the items that every network is compared by, and of those that come on top where these do not settle it. */
export const glance = [2000, 2001] as const;
export const look = [2002, 2003, 2004, 2005, 2006, 2007] as const;
/** The first that is drawn. */
const firstDrawn = 2005;
const pictureBy = (seed: number): typeof smoothNoise => (seed < firstDrawn ? smoothNoise : drawing);

/** Items of one run, so that float32 needs memory for no more. */
export const atOnce = ({ batch }: Plan): number => Math.min(2, batch);

/** The inputs of as many runs as the items take, or undefined where no picture of a likely size passes the recipe. */
export function probesOf(plan: Plan, seeds: readonly number[]): readonly ModelInputs[] | undefined {
  const size = atOnce(plan);
  const runs = Array.from({ length: Math.ceil(seeds.length / size) }, (_, run) => seeds.slice(run * size, (run + 1) * size));
  const probes = runs.map((of) => probeOf(plan, of));
  return probes.includes(undefined) ? undefined : (probes as ModelInputs[]);
}

function probeOf(plan: Plan, seeds: readonly number[]): ModelInputs | undefined {
  const items = seeds.length;
  const indices = behindIndices(plan);
  const ranges = wholeRanges(plan);
  const ofNumbers = 7 + 1000 * (seeds[0]! - glance[0]);
  const tensors = tensorInputNames(plan).map((name, number): [string, Tensor] => {
    const id = plan.inputs[name]!;
    const { shape } = plan.values[id]!;
    const numbers = isPicture(shape)
      ? preparedPictures(shape, seeds)
      : randomNumbers(sizeOf(shape) * items, ofNumbers + number, [-2, 2]);
    // Whatever a table holds, it has row 0, and most have row 1.
    const most = ranges.get(name)?.most ?? (indices.has(id) ? 1 : undefined);
    const data = most === undefined ? numbers : numbers.map((value) => (value > 0 ? Math.min(1, most) : 0));
    return [name, { shape: [items, ...shape], data }];
  });
  const images = imageSteps(plan).map((step) => [step.input, picturesFor(plan, step, seeds)] as const);
  if (images.some(([, pictures]) => pictures === undefined)) return undefined;
  return Object.fromEntries([...tensors, ...(images as [string, RasterImage[]][])]);
}

/** Whether a tensor is a picture that was prepared elsewhere. */
const isPicture = ([channels = 0, height = 0, width = 0, ...others]: readonly number[]): boolean =>
  others.length === 0 && channels <= 4 && Math.min(height, width) >= 16;

/** Pictures with their channels first and numbers from −2 to 2, about as far from 0 as prepared ones. */
function preparedPictures([channels, height, width]: readonly number[], seeds: readonly number[]): Float32Array {
  const [depth, size] = [channels!, height! * width!];
  const numbers = new Float32Array(seeds.length * depth * size);
  for (const [item, seed] of seeds.entries()) {
    const picture = pictureBy(seed)(width!, height!, depth, seed);
    for (let at = 0; at < picture.length; at++)
      numbers[item * picture.length + (at % depth) * size + Math.floor(at / depth)] = 2 * picture[at]!;
  }
  return numbers;
}

/** Pictures of the first size that the recipe turns into what the network takes. */
function picturesFor(plan: Plan, step: ImageStep, seeds: readonly number[]): RasterImage[] | undefined {
  const [height, width] = plan.values[step.output]!.shape as [number, number];
  const sizes = [[width, height], [2 * width, 2 * height], [256, 256], [512, 512], [1024, 1024]] as const; // biome-ignore format: a table
  const pictureOf = (w: number, h: number, seed: number): RasterImage => ({
    width: w,
    height: h,
    channels: 3,
    data: Uint8Array.from(pictureBy(seed)(w, h, 3, seed), (value) => Math.round((value + 1) * 127.5)),
  });
  const found = sizes.find(([w, h]) => takesImage(plan, step, { width: w, height: h, channels: 3, data: new Uint8Array(w * h * 3) })); // biome-ignore format: one condition
  return found && seeds.map((seed) => pictureOf(found[0], found[1], seed));
}
