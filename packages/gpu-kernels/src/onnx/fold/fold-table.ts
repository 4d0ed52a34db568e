/** Ops that are computed at import where all their inputs are constants, by name. */
import { BatchNormalization } from './batch-normalization.ts';
import { bitwiseFolds } from './bitwise.ts';
import { elementwiseFolds } from './elementwise.ts';
import type { Fold } from './fold-node.ts';
import { functionFolds } from './functions.ts';
import { indexingFolds } from './indexing.ts';
import { movementFolds } from './movement.ts';
import { quantizationFolds } from './quantization.ts';
import { reductionFolds } from './reductions.ts';
import { Resize } from './resize.ts';
import { Split } from './split.ts';
import { windowFolds } from './windows.ts';

export const foldTable: Readonly<Record<string, Fold>> = {
  ...bitwiseFolds,
  ...elementwiseFolds,
  ...functionFolds,
  ...movementFolds,
  ...quantizationFolds,
  ...indexingFolds,
  ...reductionFolds,
  ...windowFolds,
  BatchNormalization,
  Resize,
  Split,
};
