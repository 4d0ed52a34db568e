/** SwiGLU and CumProd, of opset 28 and 26, as other ops. Formulas: the operator reference of ONNX. */
import { axisOf } from '../../graph/axes.ts';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** a · sigmoid(α a) · b. */
export function SwiGLU(to: Expansion): void {
  const alpha = to.attributes.number('alpha', 1);
  to.attributes.finish();
  to.give('Mul', [to.add('Swish', [to.input(0)], { alpha }), to.input(1)]);
}

/** Each product is a node or two. */
const mostFactors = 1024;

/** One after the other, since in another order products may overflow that this order keeps small. */
export function CumProd(to: Expansion): void {
  const isExclusive = to.attributes.number('exclusive', 0) !== 0;
  const isReverse = to.attributes.number('reverse', 0) !== 0;
  to.attributes.finish();
  const shape = to.shape(0);
  const given = to.constant(1);
  if (given === undefined) throw opUnsupported(to.node, 'a computed axis');
  const axis = axisOf(given.data[0] ?? Number.NaN, shape.length, to.node);
  const length = shape[axis]!;
  if (dependsOnBatch(length)) throw opUnsupported(to.node, 'products over the batch');
  if (length > mostFactors)
    throw opUnsupported(to.node, `products of ${length} numbers, at most ${mostFactors} are implemented`);
  const x = to.input(0);
  const products = new Array<string>(length);
  let product: string | undefined;
  for (let i = 0; i < length; i++) {
    const at = isReverse ? length - 1 - i : i;
    const factor = to.slice(x, axis, at, at + 1);
    // Of none it is 1, which a number to the power of 0 is whatever it is.
    const before = isExclusive ? (product ?? to.add('Pow', [factor, to.number(0)])) : undefined;
    product = product === undefined ? factor : to.add('Mul', [product, factor]);
    products[at] = before ?? product;
  }
  to.give('Concat', products, { axis });
}
