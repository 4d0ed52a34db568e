/**
 * Functions of one number that exporters write as several ops (x / √2, Erf, + 1, · x, · ½ is Gelu; x · Sigmoid(x) is Swish), in
 * any order and with any of the constants, as one op. The ops between a value and a product are evaluated in float64 at many
 * points; where that is a known function to float32's precision, which no two known functions are to each other, it is that one.
 */
import type { GraphNode, ModelGraph, Tensors } from '@diptych/plugin-kit';
import { binaryFunctions64, unaryFunctionOf } from '../scalar-functions.ts';

type Evaluate = (values: readonly number[]) => number;

const binary: Readonly<Record<string, keyof typeof binaryFunctions64>> = {
  Add: 'add', Div: 'div', Max: 'max', Min: 'min', Mul: 'mul', Pow: 'pow', Sub: 'sub',
}; // biome-ignore format: a table
const unary = {
  Abs: 'abs', Erf: 'erf', Exp: 'exp', Log: 'log', Neg: 'neg', Reciprocal: 'reciprocal', Relu: 'relu', Sigmoid: 'sigmoid',
  Softplus: 'softplus', Sqrt: 'sqrt', Tanh: 'tanh',
} as const; // biome-ignore format: a table

/** What a node computes of its inputs' numbers; undefined for ops that are no part of such a function. */
function evaluation({ op, attributes = {}, inputs }: GraphNode): Evaluate | undefined {
  if (Object.hasOwn(binary, op) && inputs.length === 2) {
    const compute = binaryFunctions64[binary[op]!];
    return ([a, b]) => compute(a!, b!);
  }
  if (Object.hasOwn(unary, op)) {
    const compute = unaryFunctionOf(unary[op as keyof typeof unary]);
    return ([a]) => compute(a!);
  }
  const { alpha = 0.2, beta = 0.5 } = attributes;
  if (op === 'HardSigmoid') return ([a]) => Math.min(1, Math.max(0, Number(alpha) * a! + Number(beta)));
  if (op === 'Clip' && inputs.length === 3) return ([a, low, high]) => Math.min(high!, Math.max(low!, a!));
  return undefined;
}

interface Known {
  readonly op: string;
  readonly attributes: NonNullable<GraphNode['attributes']>;
  readonly compute: (x: number) => number;
}
const known: readonly Known[] = [
  { op: 'Gelu', attributes: {}, compute: unaryFunctionOf('gelu') },
  { op: 'Gelu', attributes: { approximate: 'tanh' }, compute: unaryFunctionOf('gelu-tanh') },
  { op: 'Swish', attributes: {}, compute: unaryFunctionOf('swish', { alpha: 1 }) },
  { op: 'Swish', attributes: { alpha: 1.702 }, compute: unaryFunctionOf('swish', { alpha: 1.702 }) },
  { op: 'HardSwish', attributes: {}, compute: unaryFunctionOf('hard-swish') },
  { op: 'Mish', attributes: {}, compute: unaryFunctionOf('mish') },
];

/** The first alone tells most products from all known functions, which are far apart there. */
const near = Array.from({ length: 49 }, (_, index) => (index - 24) / 4 + 0.013);
/** A bound of a Clip among the ops may lie far out, where all known functions are x or 0. */
const far = [8, 11, 16, 24, 40, 70, 120, 300, 1e3, 1e4, 1e5].flatMap((x) => [x, -x]);
const points = [1.263, ...near, ...far];
/** Constants of a file are float32. */
const precision = 2 ** -21;
/** The longest of them, the tanh form of Gelu, takes nine ops. */
const mostNodes = 12;

class Search {
  readonly #producers: ReadonlyMap<string, GraphNode>;
  readonly #readers: ReadonlyMap<string, number>;
  readonly #weights: Tensors;

  constructor(nodes: Iterable<GraphNode>, outputs: readonly string[], weights: Tensors) {
    const list = [...nodes];
    const readers = new Map<string, number>();
    for (const name of [...list.flatMap((node) => node.inputs), ...outputs]) readers.set(name, (readers.get(name) ?? 0) + 1);
    this.#producers = new Map(list.map((node) => [node.outputs[0]!, node]));
    this.#readers = readers;
    this.#weights = weights;
  }

  /** A single number, of no more dimensions than any value has. */
  #scalar(name: string): number | undefined {
    const tensor = Object.hasOwn(this.#weights, name) ? this.#weights[name] : undefined;
    return tensor?.data.length === 1 && tensor.shape.length <= 1 ? tensor.data[0] : undefined;
  }

  /** Values before `node` that it could be a function of, nearest first. */
  sources(node: GraphNode): string[] {
    const found = new Set<string>();
    const queue = [node];
    for (let seen = 0; seen < queue.length && seen < mostNodes; seen++) {
      if (evaluation(queue[seen]!) === undefined) continue;
      for (const name of queue[seen]!.inputs) {
        if (found.has(name) || Object.hasOwn(this.#weights, name)) continue;
        found.add(name);
        const producer = this.#producers.get(name);
        if (producer !== undefined) queue.push(producer);
      }
    }
    return [...found];
  }

  /** `node` at x = `source`; undefined where it needs more than that, or where others read what lies between. */
  evaluate(node: GraphNode, source: string, x: number): number | undefined {
    const values = new Map<string, number>([[source, x]]);
    const read = new Map<string, number>();
    let count = 0;
    const visit = (name: string): number | undefined => {
      if (name !== source) read.set(name, (read.get(name) ?? 0) + 1);
      const value = values.get(name) ?? this.#scalar(name);
      if (value !== undefined) return value;
      const producer = this.#producers.get(name);
      if (producer === undefined || count++ > mostNodes) return undefined;
      const result = compute(producer);
      if (result !== undefined) values.set(name, result);
      return result;
    };
    const compute = (at: GraphNode): number | undefined => {
      const of = evaluation(at);
      const inputs = of === undefined ? [undefined] : at.inputs.map(visit);
      return inputs.includes(undefined) ? undefined : of!(inputs as number[]);
    };
    const result = compute(node);
    const isPrivate = [...read].every(
      ([name, times]) => this.#scalar(name) !== undefined || this.#readers.get(name) === times,
    );
    return isPrivate ? result : undefined;
  }

  find(node: GraphNode): { readonly source: string; readonly known: Known } | undefined {
    for (const source of this.sources(node)) {
      let left = known;
      for (const x of points) {
        const value = this.evaluate(node, source, x);
        left = value === undefined ? [] : left.filter(({ compute }) => Math.abs(value - compute(x)) <= precision * Math.max(1, Math.abs(x))); // biome-ignore format: one choice
        if (left.length === 0) break;
      }
      if (left.length > 0) return { source, known: left[0]! };
    }
    return undefined;
  }
}

/** The graph with one op in place of each known function; what it replaces is read by nobody any more. */
export function fuseFunctions(graph: ModelGraph, weights: Tensors): ModelGraph {
  const search = new Search(graph.nodes, graph.outputs, weights);
  const nodes = graph.nodes.map((node): GraphNode => {
    const match = node.op === 'Mul' || node.op === 'Div' ? search.find(node) : undefined;
    if (match === undefined) return node;
    return { name: node.name, op: match.known.op, inputs: [match.source], outputs: node.outputs, attributes: match.known.attributes }; // biome-ignore format: one node
  });
  return { ...graph, nodes };
}
