/** For tests: a case of every kernel. A software GPU takes about a second to compile each variant of a kernel. */
import { allCases } from './all-cases.ts';
import { type KernelCase, prepareCase } from './case.ts';
import { imageVariants } from './image/image.ts';
import { guaranteedTarget } from './kernel.ts';
import { assignStorage, planDispatches } from './storage.ts';

/** Names of the kernels that a case runs. */
export function kernelsOf(given: KernelCase): readonly string[] {
  const { step } = given;
  if (step.op === 'image') return imageVariants(step.recipe).map(({ kernel }) => kernel.name);
  const { plan } = prepareCase(given);
  const dispatches = planDispatches(plan, guaranteedTarget, assignStorage(plan, guaranteedTarget));
  return dispatches.map(({ kernel }) => kernel.name);
}

const seen = new Set<string>();

/** The cases with a kernel that no earlier case has. */
export const representativeCases: readonly KernelCase[] = allCases.filter((given) => {
  const isNew = kernelsOf(given).some((name) => !seen.has(name));
  for (const name of kernelsOf(given)) seen.add(name);
  return isNew;
});
