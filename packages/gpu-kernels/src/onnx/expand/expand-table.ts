/** Ops that are several others of ONNX, by name: written as those and imported in their place. */
import type { ImportState } from '../import-state.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import { Attention } from './attention.ts';
import { CastLike } from './cast-like.ts';
import { Col2Im } from './col2im.ts';
import { DeformConv } from './deform-conv.ts';
import { Det } from './determinant.ts';
import { expandEinsum } from './einsum.ts';
import { CumProd, SwiGLU } from './elementwise.ts';
import { type Expand, Expansion } from './expansion.ts';
import { EyeLike } from './eye-like.ts';
import { DFT, STFT } from './fourier.ts';
import { lookupExpansions } from './heads/lookups.ts';
import { nearestExpansions } from './heads/nearest.ts';
import { supportVectorExpansions } from './heads/support-vectors.ts';
import { treeExpansions } from './heads/trees.ts';
import { integerConvolutionForm } from './integer-convolutions.ts';
import { listExpansions } from './lists.ts';
import { spreadForm } from './more-dimensions.ts';
import {
  AffineGrid,
  batchNormalizationForm,
  CenterCropPad,
  LpNormalization,
  MeanVarianceNormalization,
} from './normalisation.ts';
import { onnxruntimeExpansions } from './onnxruntime.ts';
import { productForm } from './product-forms.ts';
import { quantizedExpansions } from './quantized.ts';
import { recurrentExpansions } from './recurrent.ts';
import { RotaryEmbedding } from './rotary.ts';
import { scikitExpansions } from './scikit.ts';
import { Compress, ReverseSequence } from './selecting.ts';
import { CausalConvWithState, LinearAttention } from './state-space.ts';
import { wideWindowForm } from './wide-windows.ts';

const expansions: Readonly<Record<string, Expand>> = {
  AffineGrid,
  Attention,
  CastLike,
  CausalConvWithState,
  CenterCropPad,
  Col2Im,
  Compress,
  CumProd,
  DFT,
  DeformConv,
  Det,
  Einsum: expandEinsum,
  EyeLike,
  LinearAttention,
  LpNormalization,
  MeanVarianceNormalization,
  ReverseSequence,
  RotaryEmbedding,
  STFT,
  SwiGLU,
  ...listExpansions,
  ...recurrentExpansions,
  ...onnxruntimeExpansions,
  ...quantizedExpansions,
  ...scikitExpansions,
  ...lookupExpansions,
  ...nearestExpansions,
  ...supportVectorExpansions,
  ...treeExpansions,
};

export const expandedOps: ReadonlySet<string> = new Set(Object.keys(expansions));

/** Forms of ops that are others, while their usual form is not. */
const formOf = (state: ImportState, node: OnnxNode): Expand | undefined =>
  opKey(node) === 'BatchNormalization'
    ? batchNormalizationForm(state, node)
    : (integerConvolutionForm(state, node) ??
      wideWindowForm(state, node) ??
      spreadForm(state, node) ??
      productForm(state, node));

/** The nodes that `node` stands for, in running order; undefined where it is no such op. */
export function expandNode(
  state: ImportState,
  node: OnnxNode,
  isRead: (name: string) => boolean,
): readonly OnnxNode[] | undefined {
  const key = opKey(node);
  const expand = formOf(state, node) ?? (Object.hasOwn(expansions, key) ? expansions[key] : undefined);
  if (expand === undefined) return undefined;
  const expansion = new Expansion(node, state, isRead);
  expand(expansion);
  return expansion.nodes;
}
