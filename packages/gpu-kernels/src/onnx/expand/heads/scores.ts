/** What onnxruntime and "Operators-ml.md" of ONNX make of the scores of classes: transforms, and the label of the best. */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expansion } from '../expansion.ts';

const transforms: Readonly<Record<string, string>> = { NONE: 'Identity', LOGISTIC: 'Sigmoid', SOFTMAX: 'Softmax' };

/** The op of attribute `post_transform`. */
export function transformOf(to: Expansion): string {
  const name = to.attributes.string('post_transform', 'NONE');
  const op = Object.hasOwn(transforms, name) ? transforms[name] : undefined;
  if (op === undefined) throw opUnsupported(to.node, `post_transform ${name}, only ${Object.keys(transforms).join(', ')} are implemented`); // biome-ignore format: one condition
  return op;
}

/** Gives output `index` what it is after the transform. */
export const transformed = (to: Expansion, op: string, name: string, index: number): void =>
  to.give(op, [name], op === 'Softmax' ? { axis: -1 } : {}, index);

/** Whole numbers that name classes; undefined where they are strings, or left out. */
export function labelsOf(to: Expansion, name: string): readonly number[] | undefined {
  return to.attributes.has(name) ? to.attributes.numbers(name, []) : undefined;
}

/** Output 0: the label at the place that `best`, `[items]`, says. */
export function giveLabel(to: Expansion, labels: readonly number[] | undefined, classes: number, best: () => string): void {
  if (!to.isRead(0)) return;
  if (labels === undefined) throw opUnsupported(to.node, 'labels that are strings, only scores of such are implemented');
  if (labels.length !== classes) throw graphInvalid(to.node, `${labels.length} labels for ${classes} classes.`);
  to.give('Gather', [to.tensor('int64', [labels.length], labels), best()], { axis: 0 });
}
