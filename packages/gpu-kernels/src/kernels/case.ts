/** A case is data: one step, the shapes around it, a seed. One test runs all cases on all backends; the shader check compiles their variants. */
import type { ModelInputs, RasterImage, Tensor, Tensors } from '@diptych/plugin-kit';
import { type Plan, planVersion, type Step } from '../graph/plan.ts';
import { sizeOf } from '../graph/shapes.ts';

type Draft = Step extends infer S ? (S extends Step ? Omit<S, 'output' | 'name'> : never) : never;

export interface KernelCase {
  readonly name: string;
  /** Value ids 0, 1, … are `inputs` in order. */
  readonly step: Draft;
  /** Shapes without batch. */
  readonly inputs: readonly (readonly number[])[];
  readonly output: readonly number[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** Weights that cannot be random, such as indices. */
  readonly numbers?: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
  /** Default 3 loaded, 2 run: every case has a tail. */
  readonly batch?: number;
  readonly items?: number;
  /** Range of the random inputs; default −1 to 1. */
  readonly range?: readonly [min: number, max: number];
  /** Inputs, and weights without a range of their own, are rounded toward 0: indices and conditions. */
  readonly whole?: boolean;
  /** Ranges of single weights, where that of the inputs does not suit them. */
  readonly ranges?: Readonly<Record<string, readonly [min: number, max: number]>>;
  /** Weights whose words hold random integers of so many bits; those of 32 are below a million, those of 16 within ±255. */
  readonly words?: Readonly<Record<string, 8 | 16 | 32>>;
  /** 1 in place of 0. */
  readonly nonZero?: boolean;
  /** Image steps: the images of the items. */
  readonly images?: readonly RasterImage[];
  /** Looser, or tighter, than the default; says why. */
  readonly tolerance?: { readonly maxNmse: number; readonly reason: string };
}

/** float32 sums of a thousand terms in another order differ by about 1e-12 in squared relative error; 1e-7 catches any wrong index. */
export const defaultMaxNmse = 1e-7;

/** Uniform numbers in [min, max), the same on every machine: mulberry32. */
export function randomNumbers(count: number, seed: number, [min, max]: readonly [number, number] = [-1, 1]): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return min + (((t ^ (t >>> 14)) >>> 0) / 4294967296) * (max - min);
  });
}

/** `count` words of random integers of `bits`. */
function randomWords(count: number, seed: number, bits: 8 | 16 | 32): Float32Array {
  const words = new Float32Array(count);
  const numbers = (least: number, most: number): Float32Array =>
    randomNumbers((count * 32) / bits, seed, [least, most]).map(Math.floor);
  if (bits === 8) new Int8Array(words.buffer).set(numbers(-128, 128));
  else if (bits === 16) new Int16Array(words.buffer).set(numbers(-255, 256));
  else new Int32Array(words.buffer).set(numbers(-1e6, 1e6));
  return words;
}

export interface PreparedCase {
  readonly plan: Plan;
  readonly weights: Tensors;
  readonly inputs: ModelInputs;
}

export function prepareCase(given: KernelCase): PreparedCase {
  const { seed, range, batch = given.images?.length ?? 3 } = given;
  const items = given.items ?? given.images?.length ?? Math.max(1, batch - 1);
  const output = given.inputs.length;
  const shapes = Object.entries(given.weights ?? {});
  const tensor = (shape: readonly number[], offset: number, of = range): Tensor => ({
    shape,
    data: randomNumbers(sizeOf(shape), seed + offset, of).map(
      (x) => (given.whole && of === range ? Math.trunc(x) : x) || (given.nonZero ? 1 : 0),
    ),
  });
  const weight = (name: string, shape: readonly number[], offset: number): Tensor => {
    const bits = given.words?.[name];
    return bits === undefined
      ? tensor(shape, offset, given.ranges?.[name] ?? range)
      : { shape, data: randomWords(sizeOf(shape), seed + offset, bits) };
  };
  const plan: Plan = {
    version: planVersion,
    name: given.name,
    batch,
    values: [...given.inputs, given.output].map((shape, id) => ({ id, shape })),
    weights: shapes.map(([name, shape]) => ({ name, shape })),
    steps: [{ ...given.step, name: given.name, output } as Step],
    inputs: Object.fromEntries(given.inputs.map((_, id) => [`x${id}`, id])),
    outputs: { y: { value: output, shape: given.output } },
  };
  const tensors = given.inputs.map((shape, id) => [`x${id}`, tensor([items, ...shape], id)] as const);
  const images = given.step.op === 'image' ? [[given.step.input, given.images ?? []] as const] : [];
  return {
    plan,
    weights: Object.fromEntries(
      shapes.map(([name, shape], index) => {
        const numbers = given.numbers?.[name];
        return [
          name,
          numbers === undefined ? weight(name, shape, 100 + index) : { shape, data: Float32Array.from(numbers) },
        ];
      }),
    ),
    inputs: Object.fromEntries([...tensors, ...images]),
  };
}
