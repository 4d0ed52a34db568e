/**
 * Image inputs that a file declares as `[batch, height, width, channels]`, as TensorFlow does: recipes give channels first,
 * so the graph takes that, and a Transpose gives the file's nodes what they expect.
 */

import type { GraphInput } from '@diptych/plugin-kit';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { recipeOutput } from '../../image-ops/recipe-check.ts';
import type { OnnxModel, OnnxNode, OnnxValue } from '../onnx-model.ts';
import { capturedBy } from './instantiate.ts';

type Recipe = NonNullable<GraphInput['recipe']>;

/** Channels stand last, and cannot be meant to stand first. */
function isChannelsLast({ shape }: OnnxValue, recipe: Recipe): boolean {
  const { channels } = recipeOutput(recipe);
  return shape?.length === 4 && shape[3] === channels && shape[1] !== channels;
}

/** `recipes` are those of image inputs, by name; inputs without a recipe take tensors in the file's order. */
export function withChannelsFirst(model: OnnxModel, recipes: ReadonlyMap<string, Recipe>): OnnxModel {
  const turned = model.inputs.filter((input) => recipes.has(input.name) && isChannelsLast(input, recipes.get(input.name)!));
  if (turned.length === 0) return model;
  const names = new Set(model.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs]));
  const renamed = new Map(turned.map(({ name }) => [name, freshName(`${name} channels last`, names)]));
  const transposes = turned.map(({ name }): OnnxNode => {
    const output = renamed.get(name)!;
    const attributes: OnnxNode['attributes'] = new Map([['perm', { kind: 'numbers', value: [0, 2, 3, 1] }]]);
    return { name: output, op: 'Transpose', domain: '', inputs: [name], outputs: [output], attributes };
  });
  const nodes = model.nodes.map((node) => {
    for (const name of capturedBy(node))
      if (renamed.has(name)) throw opUnsupported(node, `branches that read "${name}", whose channels are last`);
    return { ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) };
  });
  const inputs = model.inputs.map((input) => {
    if (!renamed.has(input.name) || input.shape === undefined) return input;
    const [batch, height, width, channels] = input.shape as [number, number, number, number];
    return { ...input, shape: [batch, channels, height, width] };
  });
  return { ...model, inputs, nodes: [...transposes, ...nodes] };
}

function freshName(wish: string, taken: ReadonlySet<string>): string {
  let name = wish;
  while (taken.has(name)) name += "'";
  return name;
}
