/**
 * Trees of decisions as tables, checked: node lists of a file may lie. What skl2onnx, onnxmltools and the ops of ai.onnx.ml 1, 3 and 5
 * say with other attributes is one form here. Source: "Operators-ml.md" of ONNX.
 */
import { graphInvalid, type NodePlace, opUnsupported } from '../../../graph/graph-errors.ts';

/** A node is asked "feature ? threshold"; NEQ is EQ with its children exchanged. */
export const comparisons = ['LEQ', 'LT', 'GTE', 'GT', 'EQ'] as const;
export type Comparison = (typeof comparisons)[number];

export interface Decision {
  readonly feature: number;
  readonly comparison: Comparison;
  readonly threshold: number;
  /** Where a number that is none goes, too. */
  readonly missingIsTrue: boolean;
  readonly whenTrue: number;
  readonly whenFalse: number;
}

export interface Forest {
  /** By node; `leaves` of them come behind these. */
  readonly decisions: readonly Decision[];
  readonly leaves: number;
  readonly roots: readonly number[];
  /** Decisions on the longest way to a leaf. */
  readonly depth: number;
}

/** Trees that are grown without a limit are some 60 deep; each level is half a dozen steps. */
const deepest = 256;

/** The longest way from each root, each node seen once; a way that comes back to itself is refused. */
function depthOf(decisions: readonly Decision[], roots: readonly number[], node: NodePlace): number {
  const depths = new Int32Array(decisions.length).fill(-1);
  const open = new Uint8Array(decisions.length);
  const isDecision = (at: number): boolean => at < decisions.length;
  const depthAt = (at: number): number => (isDecision(at) ? depths[at]! : 0);
  const stack = roots.filter(isDecision);
  while (stack.length > 0) {
    const at = stack.at(-1)!;
    const { whenTrue, whenFalse } = decisions[at]!;
    if (depths[at]! < 0 && open[at] === 0) {
      open[at] = 1;
      for (const child of [whenTrue, whenFalse]) {
        if (!isDecision(child) || depths[child]! >= 0) continue;
        if (open[child] === 1) throw graphInvalid(node, 'a node of a tree is among its own children.');
        stack.push(child);
      }
      continue;
    }
    stack.pop();
    if (depths[at]! < 0) depths[at] = 1 + Math.max(depthAt(whenTrue), depthAt(whenFalse));
  }
  return roots.reduce((most, root) => Math.max(most, depthAt(root)), 0);
}

/** Checks that children are there, features are columns of the input, and that every way ends. */
export function forestOf(
  decisions: readonly Decision[],
  leaves: number,
  roots: readonly number[],
  columns: number,
  node: NodePlace,
): Forest {
  const count = decisions.length + leaves;
  if (roots.length === 0) throw graphInvalid(node, 'it has no tree.');
  if (2 * count > 2 ** 24) throw opUnsupported(node, `${count} nodes of trees, at most ${2 ** 23} are implemented`);
  for (const { feature, threshold, whenTrue, whenFalse } of decisions) {
    if (!(Number.isInteger(feature) && feature >= 0 && feature < columns))
      throw graphInvalid(node, `a tree asks for feature ${feature}, the input has ${columns}.`);
    if (typeof threshold !== 'number') throw graphInvalid(node, 'a node of a tree lacks its threshold.');
    for (const child of [whenTrue, whenFalse])
      if (!(Number.isInteger(child) && child >= 0 && child < count))
        throw graphInvalid(node, `a tree names node ${child}, which is not there.`);
  }
  const depth = depthOf(decisions, roots, node);
  if (depth > deepest) throw opUnsupported(node, `a tree of ${depth} decisions one after the other, at most ${deepest} are implemented`); // biome-ignore format: one condition
  return { decisions, leaves, roots, depth };
}

/** What a file says of a node that is no leaf; `mode` is its comparison without "BRANCH_". */
interface AskedNode extends Omit<Decision, 'comparison'> {
  readonly mode: string;
}

/** The node as one of the comparisons that there are. */
export function decisionOf({ mode, ...asked }: AskedNode, node: NodePlace): Decision {
  if (mode === 'NEQ') {
    if (asked.missingIsTrue) throw opUnsupported(node, 'BRANCH_NEQ with missing values');
    return { ...asked, comparison: 'EQ', whenTrue: asked.whenFalse, whenFalse: asked.whenTrue };
  }
  const comparison = comparisons.find((name) => name === mode);
  if (comparison === undefined) throw opUnsupported(node, `the mode BRANCH_${mode} of a tree, only ${comparisons.join(', ')}, NEQ are implemented`); // biome-ignore format: one condition
  return { ...asked, comparison };
}
