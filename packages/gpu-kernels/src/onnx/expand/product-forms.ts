/** Forms of MatMul and Gemm that are others, while their usual form is one of the planner's ops. */
import type { ImportState } from '../import-state.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import type { Expand, Expansion } from './expansion.ts';

const vectorAt = (state: ImportState, inputs: readonly string[]): number =>
  inputs.findIndex((name) => state.constantOf(name)?.shape.length === 1);

/** A constant vector is a matrix of one row or column, whose dimension the result has not. */
function VectorProduct(to: Expansion): void {
  to.attributes.finish();
  const at = vectorAt(to.state, to.node.inputs);
  const { type, shape, data } = to.constant(at)!;
  const matrix = to.tensor(type, at === 0 ? [1, ...shape] : [...shape, 1], data);
  const inputs = [0, 1].map((index) => (index === at ? matrix : to.input(index)));
  const axis = at === 0 && to.shape(1).length > 1 ? -2 : -1;
  to.give('Squeeze', [to.add('MatMul', inputs), to.integers(axis)]);
}

/** C is computed, as where onnxruntime joined a product and the sum behind it: added to the product. */
function SumAfterGemm(to: Expansion): void {
  const beta = to.attributes.number('beta', 1);
  const product = to.add('Gemm', to.node.inputs.slice(0, 2), to.attributesWithout('beta'));
  const c = beta === 1 ? to.input(2) : to.add('Mul', [to.input(2), to.number(beta)]);
  to.give('Add', [product, c]);
}

/** How the node is written as others, if it has such a form. Of constants alone the product is one too. */
export function productForm(state: ImportState, node: OnnxNode): Expand | undefined {
  const key = opKey(node);
  const isComputed = (name: string | undefined): boolean => name !== undefined && name !== '' && state.constantOf(name) === undefined; // biome-ignore format: one condition
  if (key === 'MatMul' && vectorAt(state, node.inputs) >= 0 && node.inputs.some(isComputed)) return VectorProduct;
  return key === 'Gemm' && isComputed(node.inputs[2]) ? SumAfterGemm : undefined;
}
