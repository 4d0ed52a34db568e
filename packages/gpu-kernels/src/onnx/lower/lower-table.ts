/** ONNX op → how it becomes ops of the planner. Ops of the planner that are not named here are passed on as they are. */
import { opUnsupported } from '../../graph/graph-errors.ts';
import { opTable } from '../../graph/op-table.ts';
import { narrowRanges } from '../activation-types.ts';
import { commonLowers } from '../common-ops.ts';
import { type ElementType, elementTypes, nameOfType, type OnnxNode } from '../onnx-model.ts';
import { Xor } from './arithmetic.ts';
import { ArgMax, ArgMin, Hardmax, OneHot, TopK } from './choosing.ts';
import { Gather, GatherElements, GatherND, GatherOfItem } from './gathering.ts';
import { GridSample } from './grid-sample.ts';
import { ConvInteger, MatMulInteger, QGemm, QLinearConv, QLinearMatMul } from './integer-products.ts';
import type { Lower, LowerCall } from './lower-call.ts';
import { Range } from './movement.ts';
import { GlobalLpPool, ReduceL1, ReduceSumSquare } from './normalisation.ts';
import { pass } from './passing.ts';
import { MaxPoolPlaces, MaxUnpool } from './pool-indices.ts';
import { DequantizeLinear, DynamicQuantizeLinear, QuantizeLinear } from './quantization.ts';
import { CumSum, DepthToSpace, LogSoftmax, ReduceLogSum, ReduceLogSumExp, SpaceToDepth, Trilu } from './rearrange.ts';
import { Resize } from './resize.ts';
import { ScatterElements, ScatterND } from './scattering.ts';
import { Reduce } from './shapes.ts';
import { convolved, LpPool, pooled } from './windows.ts';

/** Toward 0. What the integers do not reach is no number: ONNX leaves open what it becomes, and runtimes differ. */
function toWhole(call: LowerCall, type: ElementType): void {
  const range = narrowRanges[type];
  if (range === undefined) {
    call.finish('Trunc', [call.input(0)]);
    return;
  }
  const whole = call.add('Trunc', [call.input(0)]);
  const [low, high] = range;
  const fromMiddle = call.add('Abs', [call.add('Sub', [whole, call.number((low + high) / 2)])]);
  const isInside = call.add('Less', [fromMiddle, call.number((high - low + 1) / 2)]);
  call.finish('Where', [isInside, whole, call.number(Number.NaN)]);
}

/**
 * Activations are float32 whatever the file calls them, so a cast to float32 changes nothing, and one to float16 or bfloat16
 * rounds: docs/decisions/onnx-import.md#numbers. Whole numbers stay float32 too; floats become whole toward 0.
 */
function Cast(call: LowerCall): void {
  const to = call.attributes.number('to', 0);
  call.attributes.number('saturate', 1); // of float8 only
  call.attributes.string('round_mode', 'up'); // of float8 only
  call.attributes.finish();
  const type = call.state.types.get(call.input(0));
  if (to === 10 || to === 16) call.finish('RoundFloat', [call.input(0)], { format: elementTypes[to] });
  else if (to === 1) call.finish('Identity', [call.input(0)]);
  else if (to === 9 && type !== 'bool') call.finish('Not', [call.add('Not', [call.input(0)])]);
  else if (to !== 11 && call.state.types.has(call.node.outputs[0]!))
    if (type === undefined) toWhole(call, call.state.types.get(call.node.outputs[0]!)!);
    else call.finish('Identity', [call.input(0)]);
  else
    throw opUnsupported(
      call.node,
      `a conversion of activations to element type ${nameOfType(to)}, only float32 (1), float16 (10), bfloat16 (16), bool (9) and integers of up to 64 bits with a sign or up to 16 without are implemented`,
    );
}

const lowered: Readonly<Record<string, Lower>> = {
  ...commonLowers, ArgMax, ArgMin, Cast, ConvTranspose: convolved, CumSum, DepthToSpace, Gather, GatherElements, GatherND, GlobalLpPool, GridSample,
  Hardmax, LogSoftmax, LpPool: (call) => LpPool(call), MaxPool: (call) => (call.isRead(1) ? MaxPoolPlaces(call) : pooled(call)), MaxUnpool, OneHot, Range,
  ReduceL1, ReduceLogSum, ReduceLogSumExp, ReduceMin: Reduce, ReduceProd: Reduce, ReduceSumSquare, Resize, Scatter: ScatterElements,
  ScatterElements, ScatterND, SpaceToDepth, TopK, Trilu, Xor,
}; // biome-ignore format: a table

const quantised: typeof lowered = {
  ConvInteger, DequantizeLinear, DynamicQuantizeLinear, MatMulInteger, QLinearConv, QLinearMatMul, QuantizeLinear,
  'com.microsoft.DequantizeLinear': DequantizeLinear, 'com.microsoft.QGemm': QGemm, 'com.microsoft.QuantizeLinear': QuantizeLinear,
}; // biome-ignore format: a table

/** What import itself writes, which no file may ask for by name. */
const ofImport = new Set(['Quantize', 'QuantizeRange', 'IntegerConv', 'IntegerGemm', 'RoundFloat', 'Trunc', 'DivWhole']);

export const lowerTable: Readonly<Record<string, Lower>> = {
  'diptych.import.GatherOfItem': GatherOfItem,
  ...Object.fromEntries(
    Object.keys(opTable)
      .filter((op) => !ofImport.has(op))
      .map((op) => [op, pass]),
  ),
  ...lowered,
  ...quantised,
};

/** Throws OP_UNSUPPORTED where there is none. */
export function lowerOf(node: OnnxNode, key: string): Lower {
  const lower = Object.hasOwn(lowerTable, key) ? lowerTable[key] : undefined;
  if (lower === undefined) throw opUnsupported(node, missingOp(node, key));
  return lower;
}

/** What is not implemented, and what to do where a tool or a choice of its user put the op there. */
function missingOp({ op, domain }: OnnxNode, key: string): string {
  if (domain === 'com.microsoft.nchwc')
    return 'onnxruntime wrote it for the CPU that it ran on (optimisation level "all"), and no other runtime reads that; give the file before this optimisation, or one of level "extended"';
  const list = Object.keys(lowerTable).filter((name) => !name.includes('.')).toSorted().join(', '); // biome-ignore format: one list
  return `the op${key === op ? '' : ` of domain "${domain}"`} is not implemented${key === op ? `; implemented are ${list}` : ''}`;
}
