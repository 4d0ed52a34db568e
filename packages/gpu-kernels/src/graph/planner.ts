/**
 * From a graph with ONNX meaning (NCHW, weights OIHW) to a plan (NHWC, weights OHWI): shapes are inferred, constants
 * gathered, BatchNormalization folded in float64, activations and residual sums fused, layouts tracked.
 * An op or a form of an op that we lack is an error before any memory of a backend is taken.
 */
import type { GraphInput, ModelGraph, Tensors } from '@diptych/plugin-kit';
import { checkRecipe, recipeOutput } from '../image-ops/recipe-check.ts';
import { countReaders, orderNodes } from './check-graph.ts';
import { fuseAttention } from './fuse/attention.ts';
import { fuseChannels } from './fuse/channels.ts';
import { fuseFunctions } from './fuse/functions.ts';
import { fuseMoves } from './fuse/moves.ts';
import { fuseNormalise } from './fuse/normalise.ts';
import { fuseSigns } from './fuse/signs.ts';
import { StepIndex } from './fuse/views.ts';
import { graphInvalid, opUnsupported } from './graph-errors.ts';
import { opTable } from './op-table.ts';
import { type Plan, planVersion } from './plan.ts';
import { maxElements, PlanBuilder, toChannelsLast } from './plan-builder.ts';
import { permuteList, showShape, sizeOf } from './shapes.ts';
import { simplifySteps } from './simplify.ts';
import { dropUnread } from './tidy.ts';

export interface PlannedGraph {
  readonly plan: Plan;
  /** Exactly the weights that the plan names, in its layouts. */
  readonly weights: Tensors;
}

/** Plans a graph for at most `batch` items in one run. Throws GRAPH_INVALID or OP_UNSUPPORTED. */
export function planGraph(graph: ModelGraph, weights: Tensors, batch: number): PlannedGraph {
  if (!Number.isInteger(batch) || batch < 1)
    throw graphInvalid(`Graph "${graph.name}"`, `the batch must be a positive integer, got ${batch}.`);
  const nodes = orderNodes(fuseFunctions(graph, weights), weights);
  const builder = new PlanBuilder(weights, countReaders(nodes, graph.outputs));
  const inputs: Record<string, number> = {};
  for (const input of graph.inputs) {
    if (input.recipe !== undefined) addImageInput(builder, input);
    else {
      inputs[input.name] = builder.newValue(input.shape);
      builder.define(input.name, input.shape, { plain: inputs[input.name]! });
    }
  }
  for (const node of nodes) {
    const handler = Object.hasOwn(opTable, node.op) ? opTable[node.op] : undefined;
    if (handler === undefined)
      throw opUnsupported(node, `the op is not implemented; implemented are ${Object.keys(opTable).join(', ')}`);
    handler(builder, node);
  }
  const outputs: Record<string, { value: number; shape: readonly number[] }> = {};
  for (const name of graph.outputs) {
    if (builder.isConstant(name)) throw graphInvalid(`Graph "${graph.name}"`, `output "${name}" is a constant.`);
    const value = builder.named(name);
    outputs[name] = { value: builder.plain(value, name), shape: value.shape };
  }
  const kept = new Set(Object.values(outputs).map(({ value }) => value));
  simplifySteps(builder, kept);
  fuseSteps(builder, kept);
  const largest = builder.values.reduce((most, { shape }) => Math.max(most, sizeOf(shape)), 0);
  if (largest * batch > maxElements) {
    throw graphInvalid(
      `Graph "${graph.name}"`,
      `a batch of ${batch} items makes a value of ${largest * batch} numbers; at most ${maxElements} are possible. Use a smaller batch.`,
    );
  }
  const whole = graph.inputs.flatMap((input) => (input.whole && input.recipe === undefined ? [input.name] : []));
  const plan = dropUnread({
    version: planVersion,
    name: graph.name,
    batch,
    values: builder.values,
    weights: builder.planWeights(),
    steps: builder.steps,
    inputs,
    ...(whole.length > 0 && { wholeInputs: whole }),
    ...(graph.wholeOutputs !== undefined && { wholeOutputs: graph.wholeOutputs }),
    outputs,
  });
  return { plan, weights: Object.fromEntries(plan.weights.map(({ name }) => [name, builder.weights.get(name)!])) };
}

/** What only shows when all steps are there: patterns of several steps that are one step of the plan. */
function fuseSteps(builder: PlanBuilder, outputs: ReadonlySet<number>): void {
  const indexOf = (): StepIndex => new StepIndex(builder, outputs);
  fuseChannels(builder, indexOf());
  fuseNormalise(builder, indexOf);
  fuseAttention(builder, indexOf());
  fuseSigns(builder, indexOf());
  fuseMoves(builder, outputs);
}

function addImageInput(builder: PlanBuilder, input: GraphInput): void {
  const recipe = input.recipe!;
  const place = { name: input.name, op: 'image recipe' };
  // Its faults are the author's: every step is implemented, in the orders that docs/recipe-steps.md gives.
  checkRecipe(recipe, (reason) => graphInvalid(place, `${reason}. Correct the recipe; docs/recipe-steps.md has all steps.`));
  const [channels, height, width] = input.shape;
  const end = recipeOutput(recipe);
  if (input.shape.length !== 3 || channels !== end.channels) {
    const wanted = `[${end.channels}, height, width]`;
    throw graphInvalid(place, `an image input with this recipe has shape ${wanted}, got ${showShape(input.shape)}.`);
  }
  const [endWidth, endHeight] = [end.width ?? width!, end.height ?? height!];
  if (endWidth !== width || endHeight !== height)
    throw graphInvalid(place, `the recipe gives ${endWidth}x${endHeight} pixels, the input wants ${width}x${height}.`);
  const shape = permuteList(input.shape, toChannelsLast);
  const id = builder.addStep({ op: 'image', name: input.name, input: input.name, recipe }, shape);
  builder.define(input.name, input.shape, { channelsLast: id });
}
