/**
 * Files of opset 7 to 10 in the forms of opset 11. Between them and 11, Clip, Pad, Slice and Upsample changed attributes
 * into inputs, and Resize got its modes; other ops that are implemented mean the same (onnx's Changelog.md), BatchNormalization
 * unless its attribute `spatial` is 0, which is refused. Opset 7 is the first whose operands broadcast by their last dimensions, and the oldest that onnxruntime reads.
 */
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { OnnxAttributeValue, OnnxModel, OnnxNode, OnnxTensor } from '../onnx-model.ts';

/** To the end, in a Slice. As a number it is 2^63, which an int64 does not hold. */
const largest = 2n ** 63n - 1n;

type Attributes = ReadonlyMap<string, OnnxAttributeValue>;
type Rewrite = (node: OnnxNode, parameters: Parameters) => OnnxNode;

/** Tensors that stand for what were attributes, under names that the file does not use. */
class Parameters {
  readonly tensors: OnnxTensor[] = [];
  readonly #taken: ReadonlySet<string>;

  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  add(node: OnnxNode, what: string, type: 1 | 7, shape: readonly number[], values: readonly number[]): string {
    let name = `${node.name} ${what}`;
    while (this.#taken.has(name)) name += "'";
    const raw = new Uint8Array(values.length * (type === 1 ? 4 : 8));
    const view = new DataView(raw.buffer);
    for (const [index, value] of values.entries())
      if (type === 1) view.setFloat32(4 * index, value, true);
      else view.setBigInt64(8 * index, value >= 2 ** 63 ? largest : BigInt(value), true);
    this.tensors.push({ name, type, shape, raw });
    return name;
  }

  number(node: OnnxNode, what: string): string {
    const given = node.attributes.get(what);
    return given?.kind === 'number' ? this.add(node, what, 1, [], [given.value]) : '';
  }

  integers(node: OnnxNode, what: string): string {
    const given = node.attributes.get(what);
    return given?.kind === 'numbers' ? this.add(node, what, 7, [given.value.length], given.value) : '';
  }
}

const without = (attributes: Attributes, ...names: readonly string[]): Attributes =>
  new Map([...attributes].filter(([name]) => !names.includes(name)));

const clip: Rewrite = (node, parameters) => ({
  ...node,
  inputs: [node.inputs[0]!, parameters.number(node, 'min'), parameters.number(node, 'max')],
  attributes: without(node.attributes, 'min', 'max'),
});

const pad: Rewrite = (node, parameters) => ({
  ...node,
  inputs: [node.inputs[0]!, parameters.integers(node, 'pads'), parameters.number(node, 'value')],
  attributes: without(node.attributes, 'pads', 'value'),
});

/** Inputs already in opset 10. */
const slice: Rewrite = (node, parameters) =>
  node.attributes.has('starts')
    ? {
        ...node,
        inputs: [node.inputs[0]!, ...['starts', 'ends', 'axes'].map((what) => parameters.integers(node, what))],
        attributes: without(node.attributes, 'starts', 'ends', 'axes'),
      }
    : node;

/** Place i of the output reads place i / scale, rounded down: what onnxruntime computes; neither text says it. */
const resize: Rewrite = (node) => ({
  ...node,
  op: 'Resize',
  inputs: [node.inputs[0]!, '', node.inputs[1] ?? ''],
  attributes: new Map<string, OnnxAttributeValue>([
    ...node.attributes,
    ['coordinate_transformation_mode', { kind: 'string', value: 'asymmetric' }],
    ['nearest_mode', { kind: 'string', value: 'floor' }],
  ]),
});

/** Of opset 10, which has the form of Upsample but may shrink: there runtimes round in their own ways, which lowering then refuses. */
const resizeOf10: Rewrite = (node, parameters) => {
  const { attributes, ...rest } = resize(node, parameters);
  return { ...rest, attributes: new Map([...attributes, ['of_opset_10', { kind: 'number', value: 1 }]]) };
};

/** Scales are an input from opset 9 on. */
const upsample: Rewrite = (node, parameters) => {
  const scales = node.attributes.get('scales');
  if (scales?.kind !== 'numbers') return resize(node, parameters);
  const input = parameters.add(node, 'scales', 1, [scales.value.length], scales.value);
  return resize({ ...node, inputs: [node.inputs[0]!, input], attributes: without(node.attributes, 'scales') }, parameters);
};

const rewrites: Readonly<Record<string, Rewrite>> = {
  Clip: clip, Pad: pad, Resize: resizeOf10, Slice: slice, Upsample: upsample,
}; // biome-ignore format: a table

/** Throws OP_UNSUPPORTED for branches, whose bodies would need the same. */
export function asOpset11(model: OnnxModel): OnnxModel {
  if (model.opset >= 11) return model;
  const taken = new Set([...model.initializers.map(({ name }) => name), ...model.nodes.flatMap(({ outputs }) => outputs)]);
  for (const { name } of model.inputs) taken.add(name);
  const parameters = new Parameters(taken);
  const nodes = model.nodes.map((node) => {
    if ([...node.attributes.values()].some(({ kind }) => kind === 'graph'))
      throw opUnsupported(node, 'branches before opset 11');
    return (node.domain === '' || node.domain === 'ai.onnx' ? rewrites[node.op] : undefined)?.(node, parameters) ?? node;
  });
  return { ...model, opset: 11, nodes, initializers: [...model.initializers, ...parameters.tensors] };
}
