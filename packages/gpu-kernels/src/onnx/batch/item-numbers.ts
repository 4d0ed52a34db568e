/**
 * Numbers of items, as exporters make them with Range for `x[arange(batch), index]`. Items are computed apart, and each is
 * number 0 of itself: so a number of items is computed as 0, beside a mark of how many times it is in a value. Where such a
 * value chooses from the batch, each item chooses from its own numbers; anything else made of it is refused.
 */
import type { NodePlace } from '../../graph/graph-errors.ts';
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';

export interface ItemNumbers {
  /** In ONNX the value is what is computed + `factor` · number of the item. */
  readonly factor: number;
  /** Only so in the first entry of the last dimension: tuples of indices. */
  readonly ofFirst: boolean;
  /** The op that made something else of them. Its result may be asked for its shape, as exporters do. */
  readonly lostAt?: NodePlace;
}

/** Ops that move numbers, whatever they are. */
const movesAll: ReadonlySet<string> = new Set([
  'Expand',
  'Flatten',
  'Identity',
  'Reshape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);
/** TensorProto.DataType float32, int32 and int64. */
const keepsWhole: ReadonlySet<unknown> = new Set([1, 6, 7]);
/** Ops that choose by them; `move-batch.ts` and `lower/scattering.ts` see to what they choose from. */
const chooses: ReadonlySet<string> = new Set(['Gather', 'GatherND', 'ScatterND']);

type Marks = readonly (ItemNumbers | undefined)[];

function scaled(state: ImportState, node: OnnxNode, marks: Marks): number | undefined {
  const factors = marks.map((mark) => (mark?.ofFirst ? Number.NaN : (mark?.factor ?? 0))) as [number, number];
  if (node.op === 'Add') return factors[0] + factors[1];
  if (node.op === 'Sub') return factors[0] - factors[1];
  const constant = node.inputs.flatMap((name) => state.constantOf(name) ?? [])[0];
  return node.op === 'Mul' && constant?.data.length === 1 ? (factors[0] + factors[1]) * constant.data[0]! : undefined;
}

/** Numbers of items beside other indices, joined along the last dimension. */
function areTuples(state: ImportState, node: OnnxNode, [first, ...others]: Marks): boolean {
  if (node.inputs.some((name) => state.layouts.has(name))) return false;
  const rank = state.shapeOf(node.outputs[0]!, node).length + 1;
  const axis = node.attributes.get('axis')?.value;
  const isAlone = first?.factor === 1 && !first.ofFirst && others.every((mark) => mark === undefined);
  return isAlone && (axis === -1 || axis === rank - 1) && state.shapeOf(node.inputs[0]!, node).at(-1) === 1;
}

/** What is left of them after a node that was lowered. */
function numbersAfter(state: ImportState, node: OnnxNode, marks: Marks): ItemNumbers | undefined {
  const [first, ...others] = marks;
  const lost = marks.find((mark) => mark?.lostAt !== undefined);
  if (lost !== undefined) return lost;
  const isCast = node.op === 'Cast' && keepsWhole.has(node.attributes.get('to')?.value);
  if ((isCast || movesAll.has(node.op)) && first !== undefined && others.every((mark) => mark === undefined)) {
    const widths = [node.inputs[0]!, node.outputs[0]!].map((name) => state.shapeOf(name, node).at(-1));
    const isUsual = !state.layouts.has(node.inputs[0]!) && !state.layouts.has(node.outputs[0]!);
    if (!first.ofFirst || (isUsual && node.op !== 'Transpose' && node.op !== 'Slice' && widths[0] === widths[1]))
      return first;
  }
  if (node.op === 'Concat' && areTuples(state, node, marks)) return { factor: 1, ofFirst: true };
  const factor = scaled(state, node, marks);
  if (factor === 0) return undefined;
  if (factor === undefined || Number.isNaN(factor)) return { factor: 0, ofFirst: false, lostAt: node };
  return { factor, ofFirst: false };
}

/** Called after a node is lowered. */
export function passItemNumbers(state: ImportState, node: OnnxNode): void {
  const marks = node.inputs.map((name) => state.itemNumbers.get(name));
  if (marks.every((mark) => mark === undefined)) return;
  if (chooses.has(node.op) && marks.every((mark, index) => index === 1 || mark === undefined)) return;
  const mark = numbersAfter(state, node, marks);
  if (mark !== undefined) for (const output of node.outputs) if (output !== '') state.itemNumbers.set(output, mark);
}

/** The numbers of items in value `name`, of which nothing else may have been made. */
export function itemNumbersOf(state: ImportState, name: string): ItemNumbers | undefined {
  const mark = state.itemNumbers.get(name);
  if (mark?.lostAt !== undefined) throw refused(mark.lostAt);
  return mark;
}

const refused = (node: NodePlace): Error =>
  opUnsupported(node, 'arithmetic with the numbers of the items of the batch, but for sums, multiples and indices');

/** They are no result: an item does not know its number. */
export function checkItemNumbers(state: ImportState, outputs: Iterable<string>): void {
  for (const name of outputs) {
    const mark = itemNumbersOf(state, name);
    if (mark !== undefined) throw opUnsupported({ name, op: 'output' }, 'the number of an item in the batch as a result');
  }
}
