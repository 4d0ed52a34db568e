/**
 * Arithmetic of a value and a constant that has more dimensions: what ONNX puts before the batch, as means of classes `[classes, 1,
 * features]` are before items, the value gets as dimensions of 1 first.
 */
import { rankOf, usual } from '../batch/layout.ts';
import type { ImportState } from '../import-state.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import type { Expand } from './expansion.ts';

const ops: ReadonlySet<string> = new Set([
  'Add', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Min', 'Mul', 'Pow', 'Sub',
]); // biome-ignore format: a list

const Spread =
  (at: number, missing: number): Expand =>
  (to) => {
    const axes = to.integers(...Array.from({ length: missing }, (_, d) => d));
    const wide = to.add('Unsqueeze', [to.input(at), axes]);
    to.give(to.node.op, to.node.inputs.map((name, index) => (index === at ? wide : name)), to.node.attributes); // biome-ignore format: one call
  };

/** How the node is written, if its one constant has such dimensions. */
export function spreadForm(state: ImportState, node: OnnxNode): Expand | undefined {
  if (!ops.has(opKey(node)) || node.inputs.length !== 2 || state.isOneItem) return undefined;
  const at = node.inputs.findIndex((name) => name !== '' && state.constantOf(name) === undefined);
  const name = node.inputs[at] ?? '';
  const shape = state.constantOf(node.inputs[1 - at] ?? '')?.shape;
  if (name === '' || shape === undefined || state.unbatched.has(name)) return undefined;
  const missing = shape.length - rankOf(state.layouts.get(name) ?? usual, state.shapeOf(name, node));
  return missing > 0 && shape.slice(0, missing).some((size) => size !== 1) ? Spread(at, missing) : undefined;
}
