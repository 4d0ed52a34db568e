/** The oracle: every step of a plan in slow, obvious TypeScript. Always there, never fast. */
import type { KernelTime } from '../../profile/kernel-time.ts';
import type { Backend } from '../backend.ts';
import { checkImage } from '../image-inputs.ts';
import { throwIfAborted } from '../run-inputs.ts';
import { PlanComputer } from './compute-plan.ts';
import { image } from './image.ts';

/** With `profile` it times its steps. */
export function openReference(profile = false): Backend {
  const times: KernelTime[] = [];
  return {
    times,
    name: 'reference',
    adapter: 'TypeScript, one thread',
    check: () => [],
    compile: async (plan, weights) => {
      const computer = new PlanComputer(plan, weights, { image, checkImage }, profile ? times : undefined);
      return {
        async run(inputs, signal) {
          throwIfAborted(signal);
          return computer.compute(inputs);
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
