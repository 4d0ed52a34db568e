/** GlobalAveragePool, AveragePool, MaxPool, LpPool. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import type { PoolStep } from '../plan-images.ts';
import { rowMajorStrides, showShape } from '../shapes.ts';
import { readWindow, type Window } from './convolution.ts';

function imageValue(builder: PlanBuilder, node: GraphNode): GraphValue {
  const x = builder.value(node, 0);
  if (x.shape.length !== 3)
    throw opUnsupported(
      node,
      `only [batch, channels, height, width] is implemented, got ${showShape(x.shape)} without batch`,
    );
  return x;
}

export function GlobalAveragePool(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const x = imageValue(builder, node);
  const channels = x.shape[0]!;
  const id = builder.addStep({ op: 'global-average-pool', name: node.name, x: builder.channelsLast(x, node.name) }, [
    channels,
  ]);
  builder.define(node.outputs[0]!, [channels, 1, 1], {
    channelsLast: builder.reshape(id, [1, 1, channels], node.name),
    plain: builder.reshape(id, [channels, 1, 1], node.name),
  });
}

/** A window that touches no pixel has no mean and no maximum. */
function refuseEmptyWindows(node: GraphNode, image: readonly number[], window: Window): void {
  for (const axis of [0, 1] as const) {
    for (let at = 0; at < window.output[axis]; at++) {
      const start = at * window.strides[axis] - window.pads[axis];
      const taps = Array.from({ length: window.kernel[axis] }, (_, tap) => start + tap * window.dilations[axis]);
      if (!taps.some((from) => from >= 0 && from < image[axis]!))
        throw opUnsupported(node, 'a window that lies in the padding alone');
    }
  }
}

/** One window that reaches beyond the image, as rounding up allows, has the taps that lie on what is there. */
const within = ({ kernel, strides, dilations, pads, output }: Window, image: readonly number[]): [number, number] =>
  ([0, 1] as const).map((axis) => {
    const padded = image[axis]! + pads[axis] + pads[axis + 2]!;
    const beyond = (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - padded;
    return output[axis] === 1 && beyond > 0 ? Math.floor((padded - 1) / dilations[axis]) + 1 : kernel[axis];
  }) as [number, number];

interface Pooled {
  readonly id: number;
  readonly shape: readonly number[];
}

function addPool(
  builder: PlanBuilder,
  node: GraphNode,
  attributes: Attributes,
  x: number,
  kind: PoolStep['function'],
): Pooled {
  const [height, width, channels] = builder.values[x]!.shape as [number, number, number];
  const given = attributes.numbers('kernel_shape', [], 2) as unknown as [number, number];
  const roundsUp = attributes.number('ceil_mode', 0) !== 0;
  const whole = readWindow(node, attributes, [height, width], given, roundsUp);
  const kernel = within(whole, [height, width]);
  const window = { ...whole, kernel };
  const { strides, dilations, pads, output } = window;
  const countPad = kind === 'average' && attributes.number('count_include_pad', 0) !== 0;
  attributes.finish();
  if (pads.some((pad, side) => pad >= dilations[side % 2]! * (kernel[side % 2]! - 1) + 1))
    throw graphInvalid(node, 'pads must be smaller than the kernel, else a window holds nothing.');
  refuseEmptyWindows(node, [height, width], window);
  const draft = { op: 'pool', name: node.name, function: kind, x, kernel, strides, dilations, pads, countPad } as const;
  const shape = [...output, channels];
  return { id: builder.addStep(draft, shape), shape: [channels, ...output] };
}

const pool =
  (kind: 'max' | 'average') =>
  (builder: PlanBuilder, node: GraphNode): void => {
    const attributes = new Attributes(node);
    const x = imageValue(builder, node);
    if (kind === 'max') attributes.require('storage_order', 0);
    if (node.outputs.slice(1).some((name) => name !== '')) throw opUnsupported(node, 'a second output (indices)');
    const { id, shape } = addPool(builder, node, attributes, builder.channelsLast(x, node.name), kind);
    builder.define(node.outputs[0]!, shape, { channelsLast: id });
  };

export const AveragePool = pool('average');
export const MaxPool = pool('max');

/** (Σ |x|^p)^(1/p) over windows, for the p whose powers are exact: 1 and 2. */
export function LpPool(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const p = attributes.number('p', 2);
  if (p !== 1 && p !== 2) throw opUnsupported(node, `attribute p = ${p}, only 1 and 2 are implemented`);
  const source = builder.channelsLast(imageValue(builder, node), node.name);
  const { shape: from } = builder.values[source]!;
  const { name } = node;
  const strides = rowMajorStrides(from);
  const square = {
    op: 'binary',
    name,
    function: 'mul',
    a: source,
    aStrides: strides,
    b: source,
    bStrides: strides,
  } as const;
  const terms = builder.addStep(p === 1 ? { op: 'unary', name, function: 'abs', x: source } : square, from);
  const { id, shape } = addPool(builder, node, attributes, terms, 'sum');
  const sums = builder.values[id]!.shape;
  const norm = p === 1 ? id : builder.addStep({ op: 'unary', name, function: 'sqrt', x: id }, sums);
  builder.define(node.outputs[0]!, shape, { channelsLast: norm });
}
