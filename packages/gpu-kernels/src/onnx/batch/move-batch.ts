/**
 * Nodes whose batch is not the first dimension, or not alone in it, as nodes on items, whose batch is: axes, permutations,
 * shapes and constants are rewritten, and where the batch then is in the ONNX shape of the result is remembered.
 */
import type { ImportState } from '../import-state.ts';
import { givesNumbers } from '../lower/unbatched.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { Move, type MovedNodes, type Rewrite } from './move.ts';
import { arithmeticRewrites } from './move-arithmetic.ts';
import { choosingRewrites } from './move-choosing.ts';
import { indexRewrites } from './move-indices.ts';
import { layerRewrites } from './move-layers.ts';
import { quantisedRewrites } from './move-quantised.ts';
import { shapeRewrites } from './move-shapes.ts';
import { windowRewrites } from './move-windows.ts';
import { isMovedAsTaken } from './moves-batch.ts';
import { batchElsewhere, withBatchAt } from './unit-dimension.ts';
import { withoutBatch } from './without-batch.ts';

const rewrites: Readonly<Record<string, Rewrite>> = {
  ...arithmeticRewrites,
  ...choosingRewrites,
  ...shapeRewrites,
  ...quantisedRewrites,
  ...indexRewrites,
  ...layerRewrites,
  ...windowRewrites,
};

/** The node as nodes on items, or undefined where the batch is first and stays so. */
export function moveBatch(state: ImportState, node: OnnxNode): MovedNodes | undefined {
  if (state.isOneItem) return withoutBatch(new Move(state, node));
  if (givesNumbers(state, node)) return undefined;
  const at = batchElsewhere(state, node);
  if (at === undefined && !isMovedAsTaken(state, node)) return undefined;
  const move = new Move(state, at === undefined ? node : withBatchAt(state, node, at));
  const rewrite = Object.hasOwn(rewrites, node.op) ? rewrites[node.op] : undefined;
  return rewrite === undefined ? move.refuse('the op') : rewrite(move);
}
