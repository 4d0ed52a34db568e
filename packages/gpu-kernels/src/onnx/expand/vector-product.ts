/** MatMul with a constant vector: a matrix of one row or column, whose dimension the result has not. */
import type { ImportState } from '../import-state.ts';
import type { Expansion } from './expansion.ts';

const vectorAt = (state: ImportState, inputs: readonly string[]): number =>
  inputs.findIndex((name) => state.constantOf(name)?.shape.length === 1);

/** Of two constants the product is one too. */
export const isVectorProduct = (state: ImportState, inputs: readonly string[]): boolean =>
  vectorAt(state, inputs) >= 0 && inputs.some((name) => state.constantOf(name) === undefined);

export function VectorProduct(to: Expansion): void {
  to.attributes.finish();
  const at = vectorAt(to.state, to.node.inputs);
  const { type, shape, data } = to.constant(at)!;
  const matrix = to.tensor(type, at === 0 ? [1, ...shape] : [...shape, 1], data);
  const inputs = [0, 1].map((index) => (index === at ? matrix : to.input(index)));
  const axis = at === 0 && to.shape(1).length > 1 ? -2 : -1;
  to.give('Squeeze', [to.add('MatMul', inputs), to.integers(axis)]);
}
