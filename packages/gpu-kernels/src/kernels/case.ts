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
  /** Inputs and weights are rounded toward 0: indices and conditions. */
  readonly whole?: boolean;
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
  const tensor = (shape: readonly number[], offset: number): Tensor => ({
    shape,
    data: randomNumbers(sizeOf(shape), seed + offset, range).map(given.whole ? Math.trunc : (x) => x),
  });
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
        return [name, numbers === undefined ? tensor(shape, 100 + index) : { shape, data: Float32Array.from(numbers) }];
      }),
    ),
    inputs: Object.fromEntries([...tensors, ...images]),
  };
}
