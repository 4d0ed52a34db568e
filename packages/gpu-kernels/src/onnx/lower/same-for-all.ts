/**
 * Values that import writes as those of the batch though no input is among what they are made of: ranges that torch's older
 * exporter expands to a shape with the number of items in it, for `x[..., 1:] = y`. They are the same for every item, and known here.
 */
import type { GraphNode, Tensor } from '@diptych/plugin-kit/runtime';
import { computePlan } from '../../backends/reference/compute-plan.ts';
import { planGraph } from '../../graph/planner.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { ImportState } from '../import-state.ts';
import type { LowerCall } from './lower-call.ts';

/** Values that are looked at; what more of them make stays computed. */
const mostVisited = 512;
/** A number that the reference computes takes as long as so many folded ones: see `fold/by-plan.ts`. */
const slowness = 10;

/** What makes `name`, in running order; undefined where an input of the graph is among it. */
function makersOf(state: ImportState, name: string): readonly GraphNode[] | undefined {
  const found = new Set<GraphNode>();
  let visited = 0;
  const visit = (value: string): boolean => {
    if (++visited > mostVisited) return false;
    if (value === '' || state.weights.has(value)) return true;
    const maker = state.makers.get(value);
    if (maker === undefined || (!found.has(maker) && !maker.inputs.every(visit))) return false;
    found.add(maker);
    return true;
  };
  return visit(state.resolve(name)) ? [...found] : undefined;
}

/** The numbers of input `index`, without batch, where every item has the same. */
export function sameForAll(call: LowerCall, index: number): Tensor | undefined {
  const { state, node } = call;
  const nodes = makersOf(state, call.input(index));
  if (nodes === undefined || nodes.length === 0) return undefined;
  const output = state.resolve(call.input(index));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const weights = Object.fromEntries([...state.weights].filter(([name]) => read.has(name)));
  // A plan has an input; nothing reads this one.
  const unread = state.freshName(`${node.name}/unread`);
  const graph = { name: node.name, inputs: [{ name: unread, shape: [1] }], nodes, outputs: [output] };
  const planned = planGraph(graph, weights, 1);
  const numbers = planned.plan.steps.reduce((sum, step) => sum + sizeOf(planned.plan.values[step.output]!.shape), 0);
  state.spendFolded(slowness * numbers, node);
  const results = computePlan(planned.plan, planned.weights, { [unread]: { shape: [1, 1], data: new Float32Array(1) } });
  const { shape, data } = results[output]!;
  return { shape: shape.slice(1), data };
}
