/** Integer types of activations. They are computed with as float32, so what integers do otherwise is refused. */
import { opUnsupported } from '../graph/graph-errors.ts';
import type { ImportState } from './import-state.ts';
import type { ElementType, OnnxNode } from './onnx-model.ts';

/** Ops that take integers for what they are. */
const ofIntegers: ReadonlySet<string> = new Set([
  'ConvInteger', 'DequantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul', 'com.microsoft.DequantizeLinear',
  'com.microsoft.QGemm',
]); // biome-ignore format: a list

/** Ops that move or choose numbers, or bound them, and give the type that they take. */
const movesIntegers: ReadonlySet<string> = new Set([
  'Clip', 'Concat', 'DepthToSpace', 'Dropout', 'Expand', 'Flatten', 'Gather', 'Identity', 'Max', 'MaxPool', 'Min', 'Pad', 'Relu',
  'Reshape', 'Resize', 'Slice', 'SpaceToDepth', 'Split', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze', 'Where',
]); // biome-ignore format: a list

/** Called before a node is lowered, and only told of types that quantisation made or that inputs have. */
export function checkTypes(state: ImportState, node: OnnxNode, key: string): void {
  const typed = node.inputs.filter((name) => state.types.has(name));
  const types = new Set<ElementType>(typed.map((name) => state.types.get(name)!));
  const [type] = types;
  if (type === undefined || ofIntegers.has(key)) return;
  if (key === 'Cast') {
    const to = node.attributes.get('to');
    if (to?.kind === 'number' && isFloatNumber(to.value)) return;
    throw opUnsupported(
      node,
      `a conversion of ${type} numbers to element type ${to?.kind === 'number' ? to.value : 'unknown'}`,
    );
  }
  const isBlended = key === 'Resize' && (node.attributes.get('mode')?.value ?? 'nearest') !== 'nearest';
  if (!movesIntegers.has(key) || isBlended || types.size > 1)
    throw opUnsupported(node, `arithmetic on ${[...types].join(' and ')} numbers, which is not that of floats`);
  for (const output of node.outputs) {
    state.setType(output, type);
    if (typed.some((name) => state.rounded.has(name))) state.rounded.add(output);
  }
}

/** TensorProto.DataType float32, float16, float64 and bfloat16. */
const isFloatNumber = (type: number): boolean => [1, 10, 11, 16].includes(type);

/** Sums beyond 2^24 may only become floats, which rounds them in every runtime; as a result they would be wrong integers. */
export function checkOutputs(state: ImportState, outputs: Iterable<string>): void {
  for (const name of outputs)
    if (state.rounded.has(name))
      throw opUnsupported({ name, op: 'output' }, 'int32 numbers as a result that float32 may not hold exactly');
}
