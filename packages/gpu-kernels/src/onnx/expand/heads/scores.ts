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

/** Names of classes that lists of strings hold: `expandWithout` must leave them out. */
export const stringLabels = 'classlabels_strings';

export interface Labels {
  readonly count: number;
  /** Undefined where they are strings, which are counted only, or left out. */
  readonly whole: readonly number[] | undefined;
}

/** `name`: the attribute of those that are whole numbers. */
export function labelsOf(to: Expansion, name: string): Labels {
  const whole = to.attributes.numbers(name, []);
  if (whole.length > 0) return { count: whole.length, whole };
  const strings = to.inFile.get(stringLabels);
  return { count: strings?.kind === 'strings' ? strings.value.length : 0, whole: undefined };
}

/** Output 0: the label at the place that `best`, `[items]`, says. */
export function giveLabel(to: Expansion, { count, whole }: Labels, classes: number, best: () => string): void {
  if (!to.isRead(0)) return;
  if (whole === undefined) throw opUnsupported(to.node, `labels that are ${count > 0 ? 'strings' : 'left out'}, only scores of such are implemented`); // biome-ignore format: one condition
  if (count !== classes) throw graphInvalid(to.node, `${count} labels for ${classes} classes.`);
  to.give('Gather', [to.tensor('int64', [count], whole), best()], { axis: 0 });
}
