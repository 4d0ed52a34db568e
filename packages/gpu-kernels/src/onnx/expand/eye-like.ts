/** EyeLike depends on the shape of its input only, so that it is a constant: https://onnx.ai/onnx/operators/onnx__EyeLike.html */
import { opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch, showOpenShape } from '../constant.ts';
import { elementTypeOf, nameOfType } from '../onnx-model.ts';
import type { Expansion } from './expansion.ts';

export function EyeLike(to: Expansion): void {
  const given = to.attributes.number('dtype', 0);
  const k = to.attributes.number('k', 0);
  to.attributes.finish();
  const name = to.input(0);
  const own = to.constant(0)?.type ?? to.state.types.get(name) ?? 'float32';
  const type = given === 0 ? own : elementTypeOf(given);
  if (type === undefined) throw opUnsupported(to.node, `element type ${nameOfType(given)}`);
  const [rows, columns] = to.shapeOfRank(0, 2) as [number, number];
  if (dependsOnBatch(rows) || dependsOnBatch(columns))
    throw opUnsupported(to.node, `a matrix ${showOpenShape([rows, columns])} with the batch as a dimension`);
  const eye = to.computed(type, [rows, columns], (at) => Number((at % columns) - Math.floor(at / columns) === k));
  to.state.constants.set(to.node.outputs[0] ?? '', to.state.constants.get(eye)!);
}
