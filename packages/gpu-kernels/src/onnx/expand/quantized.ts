/**
 * Quantised ops of onnxruntime (domain com.microsoft) as the ONNX ops that they stand for: dequantise, compute, quantise.
 * onnxruntime computes some of them by tables or in another order, so a result may be one step of its grid away.
 * Source: "ContribOperators.md" of onnxruntime.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { OnnxAttributeValue, OnnxNode } from '../onnx-model.ts';

/** Collects the nodes of one expansion. */
class Expansion {
  readonly nodes: OnnxNode[] = [];
  readonly node: OnnxNode;
  readonly #fresh: (wish: string) => string;
  readonly opset: number;

  constructor(node: OnnxNode, opset: number, fresh: (wish: string) => string) {
    this.node = node;
    this.opset = opset;
    this.#fresh = fresh;
  }

  fresh(wish: string): string {
    return this.#fresh(`${this.node.name}/${wish}`);
  }

  input(index: number): string {
    const name = this.node.inputs[index] ?? '';
    if (name === '') throw graphInvalid(this.node, `input ${index} is missing.`);
    return name;
  }

  optional(index: number): string {
    return this.node.inputs[index] ?? '';
  }

  attributes(...without: readonly string[]): OnnxNode['attributes'] {
    return new Map([...this.node.attributes].filter(([name]) => !without.includes(name)));
  }

  /** The last node carries the name of the file's node, for errors. */
  add(op: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = new Map(), isLast = false): string {
    const name = this.fresh(op);
    const output = isLast ? (this.node.outputs[0] ?? '') : name;
    this.nodes.push({ name: isLast ? this.node.name : name, op, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  /** Three inputs from `index`: x, scale, zero point. */
  dequantize(index: number): string {
    return this.add('DequantizeLinear', [this.input(index), this.input(index + 1), this.optional(index + 2)]);
  }

  /** Scale and zero point from `index`. */
  quantize(x: string, index: number): void {
    this.add('QuantizeLinear', [x, this.input(index), this.optional(index + 1)], new Map(), true);
  }
}

const number = (value: number): OnnxAttributeValue => ({ kind: 'number', value });

const binary =
  (op: string) =>
  (to: Expansion): void =>
    to.quantize(to.add(op, [to.dequantize(0), to.dequantize(3)], to.attributes()), 6);

const unary =
  (op: string, ...without: readonly string[]) =>
  (to: Expansion): void => {
    if (without.includes('channels_last') && (to.node.attributes.get('channels_last')?.value ?? 0) !== 0)
      throw opUnsupported(to.node, 'attribute channels_last');
    to.quantize(to.add(op, [to.dequantize(0)], to.attributes(...without)), 3);
  };

function QLinearSoftmax(to: Expansion): void {
  const written = to.node.attributes.get('opset')?.value;
  if (typeof written === 'number' && written < 13 !== to.opset < 13)
    throw opUnsupported(to.node, `the meaning of opset ${written}`);
  unary('Softmax', 'opset')(to);
}

function QLinearConcat(to: Expansion): void {
  const parts: string[] = [];
  for (let index = 2; index < to.node.inputs.length; index += 3) parts.push(to.dequantize(index));
  to.quantize(to.add('Concat', parts, to.attributes()), 0);
}

/** float32(A · B) · (aScale · bScale) + bias. */
function toFloat(to: Expansion, product: string, scales: readonly [string, string], bias: string): void {
  const factor = to.add('Mul', scales);
  const float = to.add('Cast', [product], new Map([['to', number(1)]]));
  if (bias === '') to.add('Mul', [float, factor], new Map(), true);
  else to.add('Add', [to.add('Mul', [float, factor]), bias], new Map(), true);
}

function MatMulIntegerToFloat(to: Expansion): void {
  const product = to.add('MatMulInteger', [to.input(0), to.input(1), to.optional(4), to.optional(5)]);
  toFloat(to, product, [to.input(2), to.input(3)], to.optional(6));
}

function DynamicQuantizeMatMul(to: Expansion): void {
  const y = to.add('DynamicQuantizeLinear', [to.input(0)]);
  const [scale, zeroPoint] = [to.fresh('scale'), to.fresh('zero-point')];
  to.nodes.push({ ...to.nodes.pop()!, outputs: [y, scale, zeroPoint] });
  const product = to.add('MatMulInteger', [y, to.input(1), zeroPoint, to.optional(3)]);
  toFloat(to, product, [scale, to.input(2)], to.optional(4));
}

const expansions: Readonly<Record<string, (to: Expansion) => void>> = {
  'com.microsoft.QLinearAdd': binary('Add'),
  'com.microsoft.QLinearMul': binary('Mul'),
  'com.microsoft.QLinearSigmoid': unary('Sigmoid'),
  'com.microsoft.QLinearLeakyRelu': unary('LeakyRelu'),
  'com.microsoft.QLinearAveragePool': unary('AveragePool', 'channels_last'),
  'com.microsoft.QLinearGlobalAveragePool': unary('GlobalAveragePool', 'channels_last'),
  'com.microsoft.QLinearSoftmax': QLinearSoftmax,
  'com.microsoft.QLinearConcat': QLinearConcat,
  'com.microsoft.MatMulIntegerToFloat': MatMulIntegerToFloat,
  'com.microsoft.DynamicQuantizeMatMul': DynamicQuantizeMatMul,
};

export const expandedOps: ReadonlySet<string> = new Set(Object.keys(expansions));

/** The nodes that `node` stands for, in running order; undefined where it is no such op. */
export function expandQuantized(node: OnnxNode, key: string, opset: number, fresh: (wish: string) => string): readonly OnnxNode[] | undefined {
  const expand = Object.hasOwn(expansions, key) ? expansions[key] : undefined;
  if (expand === undefined) return undefined;
  const expansion = new Expansion(node, opset, fresh);
  expand(expansion);
  return expansion.nodes;
} // biome-ignore format: signature
