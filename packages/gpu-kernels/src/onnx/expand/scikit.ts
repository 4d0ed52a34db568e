/**
 * Ops of the domain ai.onnx.ml that skl2onnx writes for linear heads and what lies before them. A head's map from labels to
 * probabilities (ZipMap) is the tensor of these. Source: "Operators-ml.md" of ONNX.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import type { Expand, Expansion } from './expansion.ts';
import { giveLabel, type Labels, labelsOf, stringLabels, transformed, transformOf } from './heads/scores.ts';

/** One number for all columns or one for each. */
function columnsOf(to: Expansion, name: string, fallback: number): string {
  const list = to.attributes.has(name) ? to.attributes.numbers(name, []) : [fallback];
  const columns = to.shapeOfRank(0, 2)[1]!;
  if (list.length !== 1 && list.length !== columns)
    throw graphInvalid(to.node, `${list.length} numbers of ${name} for ${columns} columns.`);
  return list.length === 1 ? to.number(list[0]!) : to.tensor('float32', [list.length], list);
}

function Scaler(to: Expansion): void {
  const [offset, scale] = [columnsOf(to, 'offset', 0), columnsOf(to, 'scale', 1)];
  to.attributes.finish();
  to.give('Mul', [to.add('Sub', [to.input(0), offset]), scale]);
}

/**
 * A row of zeros stays one. MAX divides by the greatest number, not the greatest size: so ONNX has it in words, and onnxruntime,
 * which leaves out what is no number; its reference evaluator and scikit-learn take the size, which differs for negative numbers.
 */
function Normalizer(to: Expansion): void {
  const norm = to.attributes.string('norm', 'MAX');
  to.attributes.finish();
  if (norm !== 'L1' && norm !== 'L2' && norm !== 'MAX') throw opUnsupported(to.node, `norm ${norm}, only MAX, L1 and L2 are implemented`); // biome-ignore format: one condition
  to.shapeOfRank(0, 2);
  const x = to.input(0);
  const counted = norm === 'MAX' ? to.add('Where', [to.add('IsNaN', [x]), to.number(-Infinity), x]) : x;
  const divisor = to.add(norm === 'MAX' ? 'ReduceMax' : `Reduce${norm}`, [counted], { axes: [1], keepdims: 1 });
  to.give('Div', [x, to.add('Where', [to.add('Equal', [divisor, to.number(0)]), to.number(1), divisor])]);
}

/** x · Wᵀ + intercepts, with W of `[rows, columns]`. */
function linear(to: Expansion): { scores: string; rows: number } {
  const columns = to.shapeOfRank(0, 2)[1]!;
  const coefficients = to.attributes.numbers('coefficients', []);
  const intercepts = to.attributes.has('intercepts') ? to.attributes.numbers('intercepts', []) : [];
  const rows = coefficients.length / columns;
  if (!Number.isInteger(rows) || rows < 1 || (intercepts.length > 0 && intercepts.length !== rows))
    throw graphInvalid(to.node, `${coefficients.length} coefficients and ${intercepts.length} intercepts for ${columns} columns.`); // biome-ignore format: one condition
  const weight = to.tensor('float32', [rows, columns], coefficients);
  const bias = to.tensor('float32', [rows], intercepts.length > 0 ? intercepts : new Array<number>(rows).fill(0));
  return { scores: to.add('Gemm', [to.input(0), weight, bias], { transB: 1 }), rows };
}

function LinearRegressor(to: Expansion): void {
  const op = transformOf(to);
  to.attributes.number('targets', 1);
  const { scores } = linear(to);
  to.attributes.finish();
  transformed(to, op, scores, 0);
}

/** One row for two classes: onnxruntime puts the rest to 1 before it. Without labels it neither does that nor transforms the row. */
function giveBoth(to: Expansion, op: string, scores: string, { count }: Labels): void {
  if (count !== 2) throw opUnsupported(to.node, `${count} labels for one row of coefficients, only 2 are implemented`);
  if (op === 'Softmax') throw opUnsupported(to.node, 'post_transform SOFTMAX of one row');
  const second = to.add(op, [scores]);
  to.give('Concat', [to.add('Sub', [to.number(1), second]), second], { axis: 1 }, 1);
}

/** Output 0 is the label of the highest score, where labels are whole numbers; output 1 the scores. */
function LinearClassifier(to: Expansion): void {
  const op = transformOf(to);
  to.attributes.number('multi_class', 0);
  const labels = labelsOf(to, 'classlabels_ints');
  const { scores, rows } = linear(to);
  to.attributes.finish();
  if (rows > 1) {
    transformed(to, op, scores, 1);
    giveLabel(to, labels, rows, () => to.add('ArgMax', [scores], { axis: 1, keepdims: 0 }));
    return;
  }
  giveBoth(to, op, scores, labels);
  giveLabel(to, labels, 2, () => {
    const isSecond = to.add('Cast', [to.add('Greater', [scores, to.number(0)])], { to: 7 });
    return to.add('Squeeze', [isSecond, to.integers(1)]);
  });
}

/** Of a table whose columns are chosen by what is computed: its rows, and behind them where the indices have the batch. */
function columnsOfTable(to: Expansion, { type, shape, data }: Constant): void {
  const rows = shape.slice(0, -1);
  const [count, columns] = [sizeOf(rows), shape.at(-1) ?? 1];
  const turned = to.computed(type, [columns, ...rows], (at) => data[(at % count) * columns + Math.floor(at / count)]!);
  const found = to.add('Gather', [turned, to.reshape(to.input(1), -1)], { axis: 0 });
  if (rows.length === 0) to.give('Unsqueeze', [found, to.integers(0)]);
  else to.give('Transpose', [found], { perm: [...rows.map((_, row) => row + 1), 0] });
}

/** Columns by number. A list that is chosen from by what is computed gives a row in front, as ONNX has it. */
function ArrayFeatureExtractor(to: Expansion): void {
  to.attributes.finish();
  const [table, places] = [to.constant(0), to.constant(1)];
  if (table !== undefined && places === undefined) columnsOfTable(to, table);
  else if (places !== undefined)
    to.give('Gather', [to.input(0), to.reshape(to.input(1), -1)], { axis: to.shape(0).length - 1 });
  else throw opUnsupported(to.node, 'computed columns of a computed value');
}

function Binarizer(to: Expansion): void {
  const threshold = to.attributes.number('threshold', 0);
  to.attributes.finish();
  to.give('Cast', [to.add('Greater', [to.input(0), to.number(threshold)])], { to: 1 });
}

function Imputer(to: Expansion): void {
  const imputed = columnsOf(to, 'imputed_value_floats', 0);
  const replaced = to.attributes.number('replaced_value_float', 0);
  to.attributes.finish();
  const isMissing = Number.isNaN(replaced)
    ? to.add('IsNaN', [to.input(0)])
    : to.add('Equal', [to.input(0), to.number(replaced)]);
  to.give('Where', [isMissing, imputed, to.input(0)]);
}

/** Labels are no numbers of a tensor; probabilities are in their order. */
function ZipMap(to: Expansion): void {
  to.give('Identity', [to.input(0)]);
}

const ops: Readonly<Record<string, Expand>> = {
  ArrayFeatureExtractor, Binarizer, Imputer, LinearClassifier: (to) => to.expandWithout([stringLabels], LinearClassifier), LinearRegressor, Normalizer,
  Scaler, ZipMap,
}; // biome-ignore format: a table

export const scikitExpansions: Readonly<Record<string, Expand>> = Object.fromEntries(
  Object.entries(ops).map(([op, expand]) => [`ai.onnx.ml.${op}`, expand]),
);
