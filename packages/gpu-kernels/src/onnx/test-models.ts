/** Models written by hand, and what the reference backend makes of them: for tests. */
import { openReference } from '../backends/reference/reference-backend.ts';
import { planGraph } from '../graph/planner.ts';
import type { ImportOptions } from './import-inputs.ts';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';

type Attributes = Record<string, number | string | readonly number[]>;
/** Names of inputs and outputs are separated by blanks; `_` leaves an input out. */
export const node = (op: string, inputs: string, output: string, attributes: Attributes = {}, domain = ''): OnnxNode => ({
  name: `${op} of ${output}`,
  op,
  domain,
  inputs: inputs.split(' ').map((name) => (name === '_' ? '' : name)),
  outputs: output.split(' '),
  attributes: new Map(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'number'
        ? ({ kind: 'number', value } as const)
        : typeof value === 'string'
          ? ({ kind: 'string', value } as const)
          : ({ kind: 'numbers', value } as const),
    ]),
  ),
});
export const integers = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  type: 7,
  shape: [values.length],
  integers: values,
});
export const modelOf = (
  shape: readonly (number | string)[],
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[] = [],
  opset = 17,
): OnnxModel => ({
  producer: 'test',
  opset,
  name: 'test',
  nodes,
  initializers,
  inputs: [{ name: 'x', type: 1, shape }],
  outputs: [{ name: 'y', type: 1, shape: undefined }],
});

/** Runs a model with one input x, whose items follow each other in the list; gives output y. */
export async function run(model: OnnxModel, x: readonly number[], options: ImportOptions = {}): Promise<number[]> {
  const { graph, weights } = importOnnx(model, options);
  const shape = graph.inputs[0]!.shape;
  const items = x.length / shape.reduce((product, size) => product * size, 1);
  const planned = planGraph(graph, weights, items);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x: { shape: [items, ...shape], data: Float32Array.from(x) } });
  return [...y!.data];
}

export const floats = (name: string, shape: readonly number[], ...values: number[]): OnnxTensor => ({
  name,
  type: 1,
  shape,
  floats: new Uint8Array(Float32Array.from(values).buffer),
});
