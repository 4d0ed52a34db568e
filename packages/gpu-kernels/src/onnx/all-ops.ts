/** Everything that import knows. */
import { opUnsupported } from '../graph/graph-errors.ts';
import { moveBatch } from './batch/move-batch.ts';
import { bodies } from './expand/bodies.ts';
import { expandNode } from './expand/expand-table.ts';
import { listExpansions } from './expand/lists.ts';
import { foldByPlan } from './fold/by-plan.ts';
import { foldTable } from './fold/fold-table.ts';
import type { ImportOps } from './import-ops.ts';
import { lowerIntegerSum, sumsIntegers } from './lower/integer-sums.ts';
import { LowerCall } from './lower/lower-call.ts';
import { lowerOf } from './lower/lower-table.ts';
import { lowerPair } from './lower/quantised-pairs.ts';
import { lowerUnbatched } from './lower/unbatched.ts';
import { opKey } from './onnx-model.ts';

export const allOps: ImportOps = {
  admit(state, node) {
    const takesLists = Object.hasOwn(listExpansions, opKey(node)) || Object.hasOwn(bodies, opKey(node));
    if (!takesLists && node.inputs.some((name) => state.lists.has(name))) throw opUnsupported(node, 'a list of tensors');
  },
  expand: expandNode,
  bodies,
  folds: { table: foldTable, others: foldByPlan },
  move: moveBatch,
  lower: lowerOf,
  lowerMarked(call, asFloats) {
    if (!sumsIntegers(call.state, call.node)) return lowerUnbatched(call) || lowerPair(call, asFloats);
    lowerIntegerSum(call, (part) => {
      if (!lowerUnbatched(new LowerCall(part, call.state, () => true))) asFloats(part);
    });
    return true;
  },
};
