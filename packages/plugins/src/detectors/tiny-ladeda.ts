/**
 * Tiny-LaDeDa (arXiv 2406.09398): 1,297 parameters, a mean over scores of small patches of a residual image. Written
 * from the paper and the shapes in the published checkpoints; the weights are the user's file, for research only.
 *
 * Two checkpoints were published, and each wants its own residual, which the file does not say:
 * - `forensynth`, the standard protocol on ProGAN images: x minus x sampled down and up by 2, nearest neighbour;
 * - `wildrf`, images from social networks: a diagonal gradient filter for each channel, zero padding.
 */
import {
  type Detection,
  defineDetector,
  type GraphNode,
  type ImageRecipe,
  type ModelGraph,
  type Tensors,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../shared/decode-images.ts';
import { rankOfLogit } from '../shared/rank-of-logit.ts';
import { readTorchCheckpoint, takeTensors } from '../shared/torch-checkpoint.ts';

const maxBatch = 8;
const side = 256;

type Variant = 'forensynth' | 'wildrf';
/** SHA-256 of the two files in the authors' repository, folder weights/Tiny_LaDeDa. */
const published: Record<Variant, { readonly sha256: string; readonly sizeBytes: number }> = {
  forensynth: { sha256: '4624258c70489cbff2778153ce6fc7f5ed16170b59a541a06dc3d4c759fd68a6', sizeBytes: 12_405 },
  wildrf: { sha256: '5e063100564d2ddfe9bf48074e351c8f2b38855552574a18a0738e7f2a764d80', sizeBytes: 11_654 },
};

/** The authors' test transform: stretch to 256, no crop, ImageNet mean and deviation. The residual comes after it. */
const recipe: ImageRecipe = [
  { step: 'resize', filter: 'pillow-bilinear', width: side, height: side },
  { step: 'normalise', scale: 1 / 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
];

export default defineDetector({
  name: 'tiny-ladeda',
  summary:
    'Tiny-LaDeDa, four convolutions on a residual image. Needs one of the two published checkpoints (research use only).',
  reference: 'https://arxiv.org/abs/2406.09398',
  options: z.strictObject({
    /** Path of the checkpoint, relative to the study file. */
    weights: z.string().min(1),
    variant: z.enum(['forensynth', 'wildrf']),
  }),
  /** Of the variant; see `traitsOf`. */
  trainedOn: [],
  control: false,
  /** WildRF's images come from social networks, by many generators that nobody named: none of a run's is seen or unseen. */
  traitsOf: ({ variant }) => ({ trainedOn: variant === 'forensynth' ? ['ProGAN'] : [] }),
  needs: ({ weights, variant }) => ({
    runtime: true,
    weights: [
      {
        name: 'checkpoint',
        source: `file:${weights}`,
        ...published[variant],
        licence: {
          id: 'research-only',
          notice: 'Software Research License of Yissum: research and evaluation only, no commercial use or distribution.',
          url: 'https://github.com/barcavia/RealTime-DeepfakeDetection-in-the-RealWorld/blob/main/LICENSE',
        },
      },
    ],
  }),
  async create({ variant }, context) {
    const checkpoint = takeTensors(readTorchCheckpoint(await context.weights('checkpoint')), shapes, counters);
    const residual = residuals[variant];
    const model = await context.runtime.load(buildGraph(residual.nodes), { ...checkpoint, ...residual.weights }, maxBatch);
    return {
      maxBatch,
      // One batch is decoded while another is on the device.
      concurrency: 2,
      detect: (images, signal) =>
        scoreDecoded<Detection>(images, signal, async (rasters) => {
          const { logit } = await model.run({ image: rasters }, signal);
          return rasters.map((_, index) => ({ status: 'scored', syntheticScore: rankOfLogit(logit!.data[index]!) }));
        }),
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    };
  },
});

interface Residual {
  /** From `image` to `residual`. */
  readonly nodes: readonly GraphNode[];
  readonly weights: Tensors;
}

const diagonal = [-2, -1, 0, -1, 0, 1, 0, 1, 2];
const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };

const residuals: Record<Variant, Residual> = {
  forensynth: {
    nodes: [
      { name: 'half', op: 'Resize', inputs: ['image', '', 'halving'], outputs: ['half'], attributes: nearest },
      { name: 'blocky', op: 'Resize', inputs: ['half', '', 'doubling'], outputs: ['blocky'], attributes: nearest },
      { name: 'residual', op: 'Sub', inputs: ['image', 'blocky'], outputs: ['residual'] },
    ],
    weights: {
      halving: { shape: [4], data: Float32Array.of(1, 1, 0.5, 0.5) },
      doubling: { shape: [4], data: Float32Array.of(1, 1, 2, 2) },
    },
  },
  wildrf: {
    nodes: [
      {
        name: 'residual',
        op: 'Conv',
        inputs: ['image', 'gradient'],
        outputs: ['residual'],
        attributes: { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], group: 3 },
      },
    ],
    weights: { gradient: { shape: [3, 1, 3, 3], data: Float32Array.of(...diagonal, ...diagonal, ...diagonal) } },
  },
};

/** Convolutions without bias or padding; there is no normalisation between the first two. */
const trunk: readonly GraphNode[] = [
  convolution('residual', 'conv1', { size: 1, stride: 1 }),
  convolution('conv1', 'conv2', { size: 3, stride: 1 }),
  ...normaliseAndRectify('conv2', 'bn1'),
  convolution('bn1_relu', 'layer1.0.conv1', { size: 1, stride: 1 }),
  ...normaliseAndRectify('layer1.0.conv1', 'layer1.0.bn1'),
  convolution('layer1.0.bn1_relu', 'layer1.0.conv2', { size: 3, stride: 2 }),
  ...normaliseAndRectify('layer1.0.conv2', 'layer1.0.bn2'),
  { name: 'pool', op: 'GlobalAveragePool', inputs: ['layer1.0.bn2_relu'], outputs: ['pool'] },
  { name: 'flatten', op: 'Flatten', inputs: ['pool'], outputs: ['flatten'], attributes: { axis: 1 } },
  { name: 'fc', op: 'Gemm', inputs: ['flatten', 'fc.weight', 'fc.bias'], outputs: ['logit'], attributes: { transB: 1 } },
];

const buildGraph = (residualNodes: readonly GraphNode[]): ModelGraph => ({
  name: 'tiny-ladeda',
  inputs: [{ name: 'image', shape: [3, side, side], recipe }],
  nodes: [...residualNodes, ...trunk],
  outputs: ['logit'],
});

function convolution(
  input: string,
  name: string,
  { size, stride }: { readonly size: number; readonly stride: number },
): GraphNode {
  const attributes = { kernel_shape: [size, size], strides: [stride, stride], pads: [0, 0, 0, 0], group: 1 };
  return { name, op: 'Conv', inputs: [input, `${name}.weight`], outputs: [name], attributes };
}

function normaliseAndRectify(input: string, name: string): GraphNode[] {
  const weights = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${name}.${part}`);
  return [
    // 1e-5 is PyTorch's default epsilon.
    { name, op: 'BatchNormalization', inputs: [input, ...weights], outputs: [name], attributes: { epsilon: 1e-5 } },
    { name: `${name}_relu`, op: 'Relu', inputs: [name], outputs: [`${name}_relu`] },
  ];
}

const normalisations = ['bn1', 'layer1.0.bn1', 'layer1.0.bn2'];
const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv1.weight': [8, 3, 1, 1],
  'conv2.weight': [8, 8, 3, 3],
  'layer1.0.conv1.weight': [8, 8, 1, 1],
  'layer1.0.conv2.weight': [8, 8, 3, 3],
  'fc.weight': [1, 8],
  'fc.bias': [1],
  ...Object.fromEntries(
    normalisations.flatMap((name) =>
      ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [8]]),
    ),
  ),
};
/** How many batches training saw: written by PyTorch, without effect here. */
const counters: ReadonlySet<string> = new Set(normalisations.map((name) => `${name}.num_batches_tracked`));
