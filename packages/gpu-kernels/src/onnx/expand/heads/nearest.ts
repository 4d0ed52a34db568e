/**
 * Distances to constant points, as skl2onnx writes nearest neighbours: a Scan over the points, whose body measures how far all items are
 * from one of them, or CDist of onnxruntime. Every other Scan is refused.
 */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import { type Constant, decodeTensor } from '../../constant.ts';
import { refusedOps } from '../../lower/refused.ts';
import type { OnnxGraph, OnnxNode } from '../../onnx-model.ts';
import type { Expand, Expansion } from '../expansion.ts';
import { fromPoints, type Points, squaredDistances } from './distances.ts';

const elementwise: ReadonlySet<string> = new Set(['Abs', 'Add', 'Div', 'Max', 'Mul', 'Neg', 'Pow', 'Sqrt', 'Sub', 'Sum']);
const reductions: ReadonlySet<string> = new Set(['ReduceL1', 'ReduceL2', 'ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceSumSquare']); // biome-ignore format: a list

const otherScan = (to: Expansion): Error => opUnsupported(to.node, refusedOps.Scan!);

/** `[points, features]` for items of as many features. */
function pointsOf(to: Expansion, constant: Constant | undefined): Points {
  const features = to.shapeOfRank(0, 2)[1]!;
  if (constant === undefined) throw opUnsupported(to.node, 'distances between computed values, only to constant points are implemented'); // biome-ignore format: one condition
  const [count, width] = constant.shape;
  if (constant.shape.length !== 2 || width !== features || count === 0)
    throw graphInvalid(to.node, `points of shape [${constant.shape.join(', ')}] for ${features} features.`);
  return { count: count!, features, data: constant.data };
}

/** A body of a Scan while it is written for all points at once. */
class Body {
  readonly #to: Expansion;
  readonly #graph: OnnxGraph;
  readonly #constants: ReadonlyMap<string, Constant>;

  constructor(to: Expansion, graph: OnnxGraph) {
    this.#to = to;
    this.#graph = graph;
    this.#constants = new Map(graph.initializers.map((tensor) => [tensor.name, decodeTensor(tensor, tensor.name)]));
  }

  #constant(name: string): Constant {
    const constant = this.#constants.get(name) ?? this.#to.state.constantOf(name);
    if (constant === undefined) throw otherScan(this.#to);
    return constant;
  }

  /** A single number, which is the same for all points. */
  #number(name: string): string {
    const { data } = this.#constant(name);
    if (data.length !== 1) throw otherScan(this.#to);
    return this.#to.number(data[0]!);
  }

  /** Only along the features, which are the last dimension. */
  #checkReduction({ inputs, attributes }: OnnxNode): void {
    const given = attributes.get('axes');
    const axes = given?.kind === 'numbers' ? given.value : [...this.#constant(inputs[1] ?? '').data];
    const isLast = axes.length === 1 && (axes[0] === 1 || axes[0] === -1);
    if (!isLast || attributes.get('keepdims')?.value !== 0) throw otherScan(this.#to);
  }

  /** The distances: `items` is `[items, 1, features]`, `points` `[1, points, features]`. */
  measure(differences: string): string {
    const to = this.#to;
    const [items, point] = this.#graph.inputs.map(({ name }) => name);
    const values = new Map<string, string>();
    for (const node of this.#graph.nodes) {
      const [output = ''] = node.outputs;
      if (node.op === 'Sub' && node.inputs[0] === items && node.inputs[1] === point) values.set(output, differences);
      else if (node.op === 'Sub' && node.inputs[0] === point && node.inputs[1] === items)
        values.set(output, to.add('Neg', [differences])); // biome-ignore format: one branch
      else if (node.op === 'Identity' && values.has(node.inputs[0]!)) values.set(output, values.get(node.inputs[0]!)!);
      else if (reductions.has(node.op) && values.has(node.inputs[0]!)) {
        this.#checkReduction(node);
        values.set(output, to.add(node.op, [values.get(node.inputs[0]!)!, to.integers(2)], { keepdims: 0 }));
      } else if (elementwise.has(node.op) && node.inputs.some((name) => values.has(name)))
        values.set(output, to.add(node.op, node.inputs.map((name) => values.get(name) ?? this.#number(name)), node.attributes)); // biome-ignore format: one branch
      else if (!(node.op === 'Identity' && node.inputs[0] === items)) throw otherScan(to);
    }
    const measured = values.get(this.#graph.outputs[1]?.name ?? '');
    if (measured === undefined) throw otherScan(to);
    return measured;
  }
}

function Scan(to: Expansion): void {
  const body = to.inFile.get('body');
  const { inputs, outputs } = to.node;
  const isForm = body?.kind === 'graph' && inputs.length === 2 && outputs.length <= 2 && body.value.inputs.length === 2 && body.value.outputs.length === 2; // biome-ignore format: one condition
  if (!isForm || to.attributes.number('num_scan_inputs', 0) !== 1 || to.isRead(0)) throw otherScan(to);
  to.attributes.finish();
  if (to.constant(0) !== undefined || to.constant(1) === undefined) throw otherScan(to);
  const { value: graph } = body;
  const of = new Body(to, graph);
  const distances = fromPoints(to, pointsOf(to, to.constant(1)), (differences) => of.measure(differences));
  to.give('Transpose', [distances], { perm: [1, 0] }, 1);
}

function CDist(to: Expansion): void {
  const metric = to.attributes.string('metric', 'sqeuclidean');
  to.attributes.finish();
  if (metric !== 'euclidean' && metric !== 'sqeuclidean') throw opUnsupported(to.node, `metric ${metric}, only euclidean and sqeuclidean are implemented`); // biome-ignore format: one condition
  const squares = squaredDistances(to, pointsOf(to, to.constant(1)));
  to.give(metric === 'euclidean' ? 'Sqrt' : 'Identity', [squares]);
}

export const nearestExpansions: Readonly<Record<string, Expand>> = {
  Scan: (to) => to.expandWithout(['body'], Scan),
  'com.microsoft.CDist': CDist,
};
