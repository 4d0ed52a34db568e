/** Arithmetic of a step: 2 × the multiply-accumulates of convolutions and products for one item. Elementwise work is not counted. */
import type { Plan, Step } from './plan.ts';
import { sizeOf } from './shapes.ts';

/** Floating-point operations for one item; 0 of a step that is elementwise or moves numbers. */
export function flopsOf(step: Step, plan: Plan): number {
  const output = sizeOf(plan.values[step.output]!.shape);
  const weightOf = (name: string): readonly number[] => plan.weights.find((weight) => weight.name === name)!.shape;
  switch (step.op) {
    case 'conv2d':
    case 'gemm':
      return 2 * output * sizeOf(weightOf(step.weight).slice(1));
    case 'conv-transpose2d': {
      // Every input pixel meets each tap of its group.
      const [height, width] = plan.values[step.x]!.shape as [number, number];
      return 2 * height * width * sizeOf(weightOf(step.weight));
    }
    case 'matmul':
      return 2 * output * (step.a === undefined ? weightOf(step.aWeight!) : plan.values[step.a]!.shape).at(-1)!;
    case 'conv2d-integer':
      return 2 * output * sizeOf(step.kernel) * (plan.values[step.x]!.shape.at(-1)! / step.groups);
    case 'gemm-integer':
      return 2 * output * plan.values[step.x]!.shape.at(-1)!;
    case 'attention':
      return 2 * step.outer * step.heads * step.rows * step.keys * (step.channels + step.valueChannels);
    default:
      return 0;
  }
}
