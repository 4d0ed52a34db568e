/** Kernel functions of support vector machines, as LIBSVM has them: linear, (γxᵀs + c)ᵈ, exp(−γ|x − s|²), tanh(γxᵀs + c). */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expansion } from '../expansion.ts';
import { squaredDistances } from './distances.ts';

/** `[items, vectors]` of input 0, `[items, features]`. */
export function kernelOf(to: Expansion, vectors: number): string {
  const kind = to.attributes.string('kernel_type', 'LINEAR');
  const [gamma = 0, offset = 0, degree = 0] = to.attributes.numbers('kernel_params', []);
  const data = to.attributes.numbers('support_vectors', []);
  const features = to.shapeOfRank(0, 2)[1]!;
  if (data.length !== vectors * features || vectors === 0)
    throw graphInvalid(to.node, `${data.length} numbers of support_vectors for ${vectors} vectors of ${features} features.`);
  if (kind === 'RBF') {
    const squares = squaredDistances(to, { count: vectors, features, data });
    return to.add('Exp', [to.add('Mul', [squares, to.number(-gamma)])]);
  }
  const isLinear = kind === 'LINEAR';
  if (!isLinear && kind !== 'POLY' && kind !== 'SIGMOID') throw opUnsupported(to.node, `kernel_type ${kind}`);
  const product = to.add('Gemm', [to.input(0), to.tensor('float32', [vectors, features], data)], { transB: 1 });
  if (isLinear) return product;
  const argument = to.add('Add', [to.add('Mul', [product, to.number(gamma)]), to.number(offset)]);
  return kind === 'SIGMOID' ? to.add('Tanh', [argument]) : to.add('Pow', [argument, to.number(degree)]);
}
