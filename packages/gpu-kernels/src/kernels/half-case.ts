/** A case for half precision: the step between two clips, so that it reads and writes values that are stored as float16. */
import type { ModelInputs, Tensor, Tensors } from '@diptych/plugin-kit';
import type { Plan, Step } from '../graph/plan.ts';
import { type KernelCase, type PreparedCase, prepareCase } from './case.ts';

/** Rounded to float16 first, so that what differs from the reference is what the kernel did. */
const rounded = ({ shape, data }: Tensor): Tensor => ({ shape, data: Float32Array.from(Float16Array.from(data)) });
export const roundedToHalves = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rounded(tensor)]));

const clip = (name: string, x: number, output: number): Step => ({ op: 'unary', function: 'clip', name, x, output, min: -65504, max: 65504 }); // biome-ignore format: one step

export function prepareHalfCase(given: KernelCase): PreparedCase {
  const { plan, weights, inputs } = prepareCase(given);
  const first = plan.values.length;
  const ids = Object.values(plan.inputs);
  const output = plan.outputs['y']!;
  const shapes = [...ids, output.value].map((id, index) => ({ id: first + index, shape: plan.values[id]!.shape }));
  const wrapped: Plan = {
    ...plan,
    values: [...plan.values, ...shapes],
    steps: [
      ...ids.map((id, index) => clip(`before${index}`, first + index, id)),
      ...plan.steps,
      clip('after', output.value, first + ids.length),
    ],
    inputs: Object.fromEntries(Object.keys(plan.inputs).map((name, index) => [name, first + index])),
    outputs: { y: { ...output, value: first + ids.length } },
  };
  return { plan: wrapped, weights: roundedToHalves(weights), inputs: roundedToHalves(inputs as Tensors) as ModelInputs };
}
