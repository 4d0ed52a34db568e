/** LRN (opset 13): y = x / (bias + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { rowMajorStrides } from '../shapes.ts';

/** The power is exp(−beta · log(…)), of a base that is at least `bias` > 0. */
export function LRN(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const alpha = attributes.number('alpha', 1e-4);
  const beta = attributes.number('beta', 0.75);
  const bias = attributes.number('bias', 1);
  const size = attributes.number('size', 0);
  attributes.finish();
  const value = builder.value(node, 0);
  if (value.shape.length !== 3) throw opUnsupported(node, 'only [batch, channels, height, width] is implemented');
  if (!Number.isInteger(size) || size < 1) throw graphInvalid(node, `size must be a positive integer, got ${size}.`);
  if (!(bias > 0 && alpha >= 0))
    throw opUnsupported(node, `bias ${bias} and alpha ${alpha}, whose base need not be positive`);
  const { name } = node;
  const x = builder.channelsLast(value, name);
  const { shape } = builder.values[x]!;
  const [height, width, channels] = shape as [number, number, number];
  const same = rowMajorStrides(shape);
  const none = shape.map(() => 0);
  const by = (fn: 'add' | 'mul', a: number, number: number, what: string): number => {
    const weight = builder.addWeight(`${name}.${what}`, { shape: [1, 1, 1], data: Float32Array.of(number) });
    return builder.addStep({ op: 'binary', name, function: fn, a, aStrides: same, bWeight: weight, bStrides: none }, shape);
  };
  const squares = builder.addStep(
    { op: 'binary', name, function: 'mul', a: x, aStrides: same, b: x, bStrides: same },
    shape,
  );
  // Channels as the width of an image of one channel: the window then slides over them.
  const before = Math.floor((size - 1) / 2);
  const pooled = builder.addStep(
    {
      op: 'pool',
      name,
      function: 'sum',
      x: builder.reshape(squares, [height * width, channels, 1], name),
      kernel: [1, size],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, before, 0, size - 1 - before],
      countPad: false,
    },
    [height * width, channels, 1],
  );
  const sums = builder.reshape(pooled, shape, name);
  const base = by('add', by('mul', sums, alpha / size, 'alpha'), bias, 'base');
  const logarithm = builder.addStep({ op: 'unary', name, function: 'log', x: base }, shape);
  const divisor = builder.addStep({ op: 'unary', name, function: 'exp', x: by('mul', logarithm, -beta, 'beta') }, shape);
  const y = builder.addStep(
    { op: 'binary', name, function: 'mul', a: x, aStrides: same, b: divisor, bStrides: same },
    shape,
  );
  builder.define(node.outputs[0]!, value.shape, { channelsLast: y });
}
