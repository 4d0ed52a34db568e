/**
 * Integer types of activations, truth among them. They are computed with as float32, which holds whole numbers up to 2^24, so what
 * integers do otherwise is refused: that they wrap, and arithmetic on 8 and 16 bits, which soon does.
 */
import { opUnsupported } from '../graph/graph-errors.ts';
import { isFloat } from './constant.ts';
import type { ImportState } from './import-state.ts';
import { skeletonOf } from './node-order.ts';
import { type ElementType, elementTypeOf, nameOfType, type OnnxModel, type OnnxNode } from './onnx-model.ts';

/** Ops that take integers for what they are. */
const ofIntegers: ReadonlySet<string> = new Set([
  'ConvInteger', 'DequantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul', 'com.microsoft.DequantizeLinear',
  'com.microsoft.QGemm',
]); // biome-ignore format: a list

/** Ops that move or choose numbers, or bound them, and give the type that they take. */
const movesIntegers: ReadonlySet<string> = new Set([
  'Clip', 'Concat', 'DepthToSpace', 'Dropout', 'Expand', 'Flatten', 'Gather', 'GatherElements', 'GatherND', 'Identity', 'Max', 'MaxPool',
  'Min', 'OneHot', 'Pad', 'ReduceMax', 'ReduceMin', 'Relu', 'Reshape', 'Resize', 'ScatterElements', 'ScatterND', 'Slice', 'SpaceToDepth', 'Split', 'Squeeze', 'Tile', 'TopK',
  'Transpose', 'Trilu', 'Unsqueeze',
]); // biome-ignore format: a list

/** Ops whose result is true or false: 1 or 0. */
const givesTruth: ReadonlySet<string> = new Set([
  'And', 'Equal', 'Greater', 'GreaterOrEqual', 'IsInf', 'IsNaN', 'Less', 'LessOrEqual', 'Not', 'Or', 'Xor',
]); // biome-ignore format: a list

/** Ops whose result is a place, whatever they compare. */
const givesPlaces: ReadonlySet<string> = new Set(['ArgMax', 'ArgMin', 'Range']);

/** Ops on wide integers that give what they give on floats. Div divides them otherwise; its lowering sees to that. */
const ofWideIntegers: ReadonlySet<string> = new Set([
  'Abs', 'Add', 'CumSum', 'Div', 'Mod', 'Mul', 'Neg', 'ReduceSum', 'Sign', 'Sub', 'Sum',
]); // biome-ignore format: a list
const isWide = (type: ElementType): boolean => type === 'int32' || type === 'int64';
/** Least and greatest number of the integers that floats may become, beyond which ONNX leaves open what they give. */
export const narrowRanges: Readonly<Partial<Record<ElementType, readonly [number, number]>>> = {
  int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535],
}; // biome-ignore format: a table

/** Which inputs the type of the result comes from, where it is not all of them. */
const typedBy: Readonly<Record<string, readonly number[]>> = {
  'diptych.import.GatherOfItem': [0], CumSum: [0], Expand: [0], Gather: [0], GatherElements: [0], GatherND: [0], MaxUnpool: [0], OneHot: [2], ScatterElements: [0, 2], ScatterND: [0, 2],
  TopK: [0], Trilu: [0], Where: [1, 2],
}; // biome-ignore format: a table

/** Called before a node is lowered, and only told of types that quantisation made or that inputs have. */
export function checkTypes(state: ImportState, node: OnnxNode, key: string): void {
  const isRounded = node.inputs.some((name) => state.rounded.has(name));
  if (givesTruth.has(key) && !isRounded) {
    for (const output of node.outputs) state.setType(output, 'bool');
    return;
  }
  if (givesPlaces.has(key) && !isRounded) {
    for (const output of node.outputs) state.setType(output, 'int64');
    return;
  }
  const typed = node.inputs.filter((name, index) => state.types.has(name) && (typedBy[key]?.includes(index) ?? true));
  const constants = (typedBy[key] ?? []).flatMap((index) => state.constantOf(node.inputs[index] ?? '')?.type ?? []);
  const types = new Set<ElementType>([
    ...typed.map((name) => state.types.get(name)!),
    ...constants.filter((constant) => !isFloat(constant)),
  ]);
  const [type] = types;
  if (key === 'Cast') {
    const to = node.attributes.get('to');
    checkCast(state, node, type, to?.kind === 'number' ? to.value : 0);
    return;
  }
  if (type === undefined || ofIntegers.has(key)) return;
  const mode = node.attributes.get('mode')?.value ?? 'nearest';
  const isBlended = key === 'Resize' && mode !== 'nearest' && !(mode === 'linear' && (type === 'uint8' || type === 'int8'));
  const isFit = movesIntegers.has(key) || key === 'Where' || (ofWideIntegers.has(key) && isWide(type) && !isRounded);
  if (!isFit || isBlended || types.size > 1)
    throw opUnsupported(node, `arithmetic on ${[...types].join(' and ')} numbers, which is not that of floats`);
  for (const output of node.outputs) {
    state.setType(output, type);
    if (typed.some((name) => state.rounded.has(name))) state.rounded.add(output);
  }
}

/** A conversion that float32 holds: between floats, of any integers to floats, to wider integers, to truth, and of floats to narrow integers. */
function checkCast(state: ImportState, node: OnnxNode, type: ElementType | undefined, to: number): void {
  const target = elementTypeOf(to);
  if (isFloatNumber(to) || (type === undefined && target === undefined)) return;
  const isRounded = node.inputs.some((name) => state.rounded.has(name));
  const isFit = target !== undefined && (target === type || target === 'bool' || type === 'bool' || isWide(target) || (type === undefined && narrowRanges[target] !== undefined)); // biome-ignore format: one condition
  if (!isFit || (isRounded && target !== type))
    throw opUnsupported(node, `a conversion of ${type ?? 'float'} numbers to element type ${nameOfType(to)}`);
  for (const output of node.outputs) {
    state.setType(output, target);
    if (isRounded) state.rounded.add(output);
  }
}

const [float32, float64] = [1, 11];

/**
 * Tests of float64 for infinity, which is how torch's older exporter writes those of float32, as tests of float32: what is
 * infinite or no number is so in both. Only where nothing else reads the float64.
 */
export function withFloatTests(model: OnnxModel): OnnxModel {
  const isDouble = ({ op, attributes }: OnnxNode): boolean => op === 'Cast' && attributes.get('to')?.value === float64;
  if (!model.nodes.some(isDouble)) return model;
  const elsewhere = new Set(model.outputs.map(({ name }) => name));
  for (const node of model.nodes)
    if (node.op !== 'IsInf' && node.op !== 'IsNaN') for (const name of skeletonOf(node).inputs) elsewhere.add(name);
  const asFloat = (node: OnnxNode): OnnxNode => ({
    ...node,
    attributes: new Map([...node.attributes, ['to', { kind: 'number', value: float32 }]]),
  });
  const nodes = model.nodes.map((node) => (isDouble(node) && !node.outputs.some((name) => elsewhere.has(name)) ? asFloat(node) : node)); // biome-ignore format: one list
  return { ...model, nodes };
}

/** TensorProto.DataType float32, float16, float64 and bfloat16. */
const isFloatNumber = (type: number): boolean => [1, 10, 11, 16].includes(type);

/** Sums beyond 2^24 may only become floats, which rounds them in every runtime; as a result they would be wrong integers. */
export function checkOutputs(state: ImportState, outputs: Iterable<string>): void {
  for (const name of outputs)
    if (state.rounded.has(name))
      throw opUnsupported({ name, op: 'output' }, 'int32 numbers as a result that float32 may not hold exactly');
}
