/**
 * Decisions by a threshold: a forest, nearest neighbours, the best of several. What such a network gives jumps where a number crosses the
 * threshold, however little half precision moves that number, and only pictures that lie next to it show it.
 */
import type { Plan, Step } from '../graph/plan.ts';
import { valuesReadBy } from '../graph/tidy.ts';
import { keepsWhole } from '../kernels/single-values.ts';

/** Not the remainders, which coordinates are wrapped by. */
const isAnswer = (step: Step): boolean =>
  step.op === 'binary' && (step.function === 'equal' || step.function === 'less' || step.function === 'less-equal');

/**
 * The first step that compares rounded numbers and whose answer says where a table is read, or of whose answers alone an output is made, as votes
 * are counted; or undefined. Labels, places and other whole outputs are no scores. What only masks or
 * chooses by an answer, as a Leaky ReLU written out does, is left to the check by pictures: most such functions have no jump. Numbers that
 * come from an input through sums, copies and the like alone are not rounded, unless `areInputs`: those of a head are what a tower gives.
 */
export function jumpOf(plan: Plan, areInputs = false): string | undefined {
  const rounded = new Set<number>(areInputs ? Object.values(plan.inputs) : []);
  const answers = new Map<number, string>();
  /** What is made of answers and constants alone. */
  const votes = new Map<number, string>();
  for (const step of plan.steps) {
    if (step.op === 'image') continue;
    const read = valuesReadBy(step);
    if (step.op === 'gather' && step.indices !== undefined && answers.has(step.indices)) return answers.get(step.indices);
    const isWhole = keepsWhole.has(step.op);
    const isRounded = read.some((id) => rounded.has(id));
    if (isRounded || !(isWhole || step.op === 'gather')) rounded.add(step.output);
    const from = read.find((id) => answers.has(id));
    if (isAnswer(step) && isRounded) answers.set(step.output, step.name);
    else if (isWhole && from !== undefined) answers.set(step.output, answers.get(from)!);
    if (isAnswer(step) && isRounded) votes.set(step.output, step.name);
    else if (read.length > 0 && read.every((id) => votes.has(id))) votes.set(step.output, votes.get(read[0]!)!);
  }
  const scores = Object.entries(plan.outputs).filter(([name]) => !plan.wholeOutputs?.includes(name));
  return scores.map(([, { value }]) => votes.get(value)).find((step) => step !== undefined);
}
