/**
 * What half precision loses and where: a network is computed in float32 with some of the roundings of half precision put in, so
 * that each kind's share of the loss shows, and with --steps that of each step. On the native backend, whose sums are float32 as
 * those of WebGPU are; the weights that attention gives to v are not rounded.
 *
 *     node half-losses.ts FOLDER [--steps] NAME…      # FOLDER is what `real_exports.py` wrote
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor, Tensors } from '@diptych/plugin-kit';
import { openNative } from '../../src/backends/native/native-backend.ts';
import type { Plan, Step } from '../../src/graph/plan.ts';
import type { PlannedGraph } from '../../src/graph/planner.ts';
import { renumberStep } from '../../src/graph/tidy.ts';
import { scoresApart } from '../../src/half/half-scores.ts';
import { isHalfProduct } from '../../src/kernels/conv2d/half-product.ts';
import { guaranteedTarget, type Storage } from '../../src/kernels/kernel.ts';
import { assignStorage, planDispatches } from '../../src/kernels/storage.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';
import { type Answers, tensorsOf } from '../recorded.ts';

/** A weight, a float32 operand as a product reads it, or what a step stores. */
const kinds = ['weight', 'operand', 'value'] as const;
type Wants = (kind: (typeof kinds)[number], step: string) => boolean;

const half = { ...guaranteedTarget, precision: 'f16' } as const;
const operands = ['x', 'q', 'k', 'v'] as const;
type Reading = Partial<Record<(typeof operands)[number], number>>;

/** A plan that grows by the roundings that are asked for. */
class Rounded {
  readonly #values: Plan['values'][number][];
  readonly #steps: Step[] = [];
  readonly #weights: Record<string, Tensor>;
  readonly #storage: readonly Storage[];
  /** Where the rounded numbers of a value are. */
  readonly #rounded = new Map<number, number>();

  constructor({ plan, weights }: PlannedGraph, storage: readonly Storage[]) {
    this.#values = [...plan.values];
    this.#weights = { ...weights };
    this.#storage = storage;
  }

  #round(x: number, name: string): number {
    const output = this.#values.length;
    this.#values.push({ id: output, shape: this.#values[x]!.shape });
    this.#steps.push({ op: 'round-float', format: 'float16', name, x, output });
    return output;
  }

  add(original: Step, wants: Wants, isHalf: boolean): void {
    const { name } = original;
    let step = renumberStep(original, (id) => this.#rounded.get(id) ?? id);
    if (isHalf && 'weight' in step && wants('weight', name)) {
      const { shape, data } = this.#weights[step.weight]!;
      this.#weights[step.weight] = { shape, data: Float32Array.from(Float16Array.from(data)) };
    }
    const before = original as Reading;
    const single = operands.filter((key) => isHalf && before[key] !== undefined && this.#storage[before[key]] === 'f32');
    if (single.length > 0 && wants('operand', name))
      step = { ...step, ...Object.fromEntries(single.map((key) => [key, this.#round((step as Reading)[key]!, `${name} ${key}`)])) }; // biome-ignore format: one step
    this.#steps.push(step);
    const { output } = original;
    if (this.#storage[output] === 'f16' && step.op !== 'reshape' && wants('value', name)) this.#rounded.set(output, this.#round(output, `${name} stored`)); // biome-ignore format: one condition
  }

  planned(plan: Plan): { plan: Plan; weights: Tensors } {
    return { plan: { ...plan, values: this.#values, steps: this.#steps }, weights: this.#weights };
  }
}

function withRoundings(given: PlannedGraph, wants: Wants): { plan: Plan; weights: Tensors } {
  const storage = assignStorage(given.plan, half);
  const dispatches = planDispatches(given.plan, half, storage);
  const halves = new Set<Step>(dispatches.filter(({ kernel }) => isHalfProduct(kernel) || kernel.name.startsWith('attention/half-')).map(({ step }) => step)); // biome-ignore format: one set
  const rounded = new Rounded(given, storage);
  for (const step of given.plan.steps) rounded.add(step, wants, halves.has(step));
  return rounded.planned(given.plan);
}

async function report(folder: string, stem: string, bySteps: boolean): Promise<void> {
  const recorded = JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8')) as { inputs: Answers };
  const inputs = tensorsOf(recorded.inputs);
  const { planned } = await planOnnx(readFileSync(join(folder, `${stem}.onnx`)), {
    batch: 2,
    shapes: Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape.slice(1)])),
  });
  await using backend = openNative();
  const outputsOf = async (wants: Wants): Promise<Float32Array> => {
    const { plan, weights } = withRoundings(planned, wants);
    await using executable = await backend.compile(plan, weights, 'f32');
    return Object.values(await executable.run(inputs))[0]!.data;
  };
  const full = await outputsOf(() => false);
  const show = async (words: string, wants: Wants): Promise<void> => {
    const outputs = await outputsOf(wants);
    const mean = Math.sqrt(outputs.reduce((sum, value, i) => sum + (value - full[i]!) ** 2, 0) / outputs.length);
    process.stdout.write(`${stem}: ${words}: scores ${scoresApart(outputs, full).toExponential(1)}, outputs ${mean.toExponential(1)} apart\n`); // biome-ignore format: one line
  };
  await show('all', () => true);
  for (const kind of kinds) await show(`${kind} alone`, (rounded) => rounded === kind);
  if (!bySteps) return;
  for (const { name } of planned.plan.steps) await show(name, (_, step) => step === name);
}

const words = process.argv.slice(2);
const [folder = '', ...names] = words.filter((word) => word !== '--steps');
for (const name of names) await report(folder, name, words.includes('--steps'));
