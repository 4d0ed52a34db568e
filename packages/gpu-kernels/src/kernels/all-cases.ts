/** Every case of every kernel. */
import { attentionCases } from './attention/attention.cases.ts';
import { binaryCases } from './binary/binary.cases.ts';
import type { KernelCase } from './case.ts';
import { convTranspose2dCases } from './conv-transpose2d/conv-transpose2d.cases.ts';
import { conv2dCases, gemmCases } from './conv2d/conv2d.cases.ts';
import { gatheringCases } from './gathering.cases.ts';
import { imageCases } from './image/image.cases.ts';
import { integerProductCases } from './integer-product/integer-product.cases.ts';
import { matmulCases } from './matmul/matmul.cases.ts';
import { movementCases } from './movement.cases.ts';
import { normaliseCases } from './normalise/normalise.cases.ts';
import { poolCases, reductionCases } from './pool/pool.cases.ts';
import { quantizeCases } from './quantize/quantize.cases.ts';
import { resampleCases } from './resample/resample.cases.ts';
import { roundFloatCases } from './round-float/round-float.cases.ts';
import { softmaxCases } from './softmax/softmax.cases.ts';
import { unaryCases } from './unary/unary.cases.ts';

export const allCases: readonly KernelCase[] = [
  ...conv2dCases,
  ...gemmCases,
  ...convTranspose2dCases,
  ...normaliseCases,
  ...attentionCases,
  ...resampleCases,
  ...matmulCases,
  ...unaryCases,
  ...binaryCases,
  ...softmaxCases,
  ...poolCases,
  ...reductionCases,
  ...movementCases,
  ...gatheringCases,
  ...quantizeCases,
  ...roundFloatCases,
  ...integerProductCases,
  ...imageCases,
];
