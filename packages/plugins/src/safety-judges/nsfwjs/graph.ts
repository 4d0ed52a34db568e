/**
 * nsfwjs's network: MobileNetV2 (arXiv 1801.04381, table 2) at width 1 and 224 pixels as Keras builds it, then dense
 * layers of 256, 128 and 5 units. Weight names are Keras's. Layer list read from `model.min.js` of nsfwjs 4.3.0.
 */
import type { GraphAttribute, GraphNode, ImageRecipe, ModelGraph } from '@diptych/plugin-kit';

/** In the order of the network's output, `NSFW_CLASSES` of nsfwjs. */
export const classes = ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'] as const;

/** nsfwjs divides by 255 before it resizes; both are linear, so the order moves a pixel by rounding only. */
const recipe: ImageRecipe = [
  { step: 'resize', filter: 'tensorflow-align-corners', width: 224, height: 224 },
  { step: 'normalise', scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] },
];

/** Of blocks 1 to 16: the stride, and whether input and output channels are equal, so that a residual is added. */
const blocks: readonly { readonly stride: 1 | 2; readonly residual: boolean }[] = [
  { stride: 2, residual: false }, // 24 channels
  { stride: 1, residual: true },
  { stride: 2, residual: false }, // 32
  { stride: 1, residual: true },
  { stride: 1, residual: true },
  { stride: 2, residual: false }, // 64
  { stride: 1, residual: true },
  { stride: 1, residual: true },
  { stride: 1, residual: true },
  { stride: 1, residual: false }, // 96
  { stride: 1, residual: true },
  { stride: 1, residual: true },
  { stride: 2, residual: false }, // 160
  { stride: 1, residual: true },
  { stride: 1, residual: true },
  { stride: 1, residual: false }, // 320
];
/** Channels that the depthwise convolution of each block sees: ONNX wants them as `group`. */
const expandedChannels = [96, 144, 144, 192, 192, 192, 384, 384, 384, 384, 576, 576, 576, 960, 960, 960] as const;

export function buildGraph(): ModelGraph {
  const nodes = new NodeList();
  nodes.convolution('image', 'Conv1', { stride: 2 });
  let value = nodes.relu6(nodes.batchNormalization('Conv1', 'bn_Conv1'));
  value = depthwiseAndProject(nodes, value, 'expanded_conv', { stride: 1, channels: 32 });
  for (const [index, block] of blocks.entries()) {
    const name = `block_${index + 1}`;
    const expanded = nodes.convolution(value, `${name}_expand`);
    const active = nodes.relu6(nodes.batchNormalization(expanded, `${name}_expand_BN`));
    const projected = depthwiseAndProject(nodes, active, name, { stride: block.stride, channels: expandedChannels[index]! });
    value = block.residual ? nodes.add('Add', [value, projected], `${name}_add`) : projected;
  }
  value = nodes.relu6(nodes.batchNormalization(nodes.convolution(value, 'Conv_1'), 'Conv_1_bn'));
  value = nodes.add('GlobalAveragePool', [value], 'average_pool');
  value = nodes.add('Flatten', [value], 'flatten', { axis: 1 });
  value = nodes.add('Relu', [nodes.dense(value, 'dense_1')], 'dense_1_relu');
  value = nodes.add('Relu', [nodes.dense(value, 'dense_2')], 'dense_2_relu');
  nodes.add('Softmax', [nodes.dense(value, 'dense_3')], 'scores', { axis: -1 });
  return {
    name: 'nsfwjs-mobilenet-v2',
    inputs: [{ name: 'image', shape: [3, 224, 224], recipe }],
    nodes: nodes.nodes,
    outputs: ['scores'],
  };
}

function depthwiseAndProject(
  nodes: NodeList,
  input: string,
  name: string,
  { stride, channels }: { readonly stride: 1 | 2; readonly channels: number },
): string {
  const depthwise = nodes.convolution(input, `${name}_depthwise`, { stride, groups: channels });
  const active = nodes.relu6(nodes.batchNormalization(depthwise, `${name}_depthwise_BN`));
  return nodes.batchNormalization(nodes.convolution(active, `${name}_project`), `${name}_project_BN`);
}

/** Appends nodes; each method returns the name of the value that it adds, which is also the name of the node. */
class NodeList {
  readonly nodes: GraphNode[] = [];

  add(op: string, inputs: readonly string[], name: string, attributes?: Record<string, GraphAttribute>): string {
    this.nodes.push({ name, op, inputs, outputs: [name], ...(attributes && { attributes }) });
    return name;
  }

  /** 3x3 where strided or depthwise, else 1x1. Keras pads a stride of 2 at the bottom and right only: ZeroPadding2D [[0,1],[0,1]]. */
  convolution(input: string, name: string, options: { readonly stride?: 1 | 2; readonly groups?: number } = {}): string {
    const { stride = 1, groups = 1 } = options;
    const size = stride === 2 || groups > 1 ? 3 : 1;
    const pads = size === 1 ? [0, 0, 0, 0] : stride === 2 ? [0, 0, 1, 1] : [1, 1, 1, 1];
    const weight = groups > 1 ? `${name}/depthwise_kernel` : `${name}/kernel`;
    return this.add('Conv', [input, weight], name, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads,
      group: groups,
    });
  }

  batchNormalization(input: string, name: string): string {
    const weights = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => `${name}/${part}`);
    return this.add('BatchNormalization', [input, ...weights], name, { epsilon: 1e-3 });
  }

  relu6(input: string): string {
    return this.add('Clip', [input, 'zero', 'six'], `${input}_relu6`);
  }

  dense(input: string, name: string): string {
    return this.add('Gemm', [input, `${name}/kernel`, `${name}/bias`], name, { transB: 1 });
  }
}

/** Constants that the graph names beside Keras's weights: the bounds of ReLU6, scalars as ONNX Clip takes them. */
export const constants = {
  zero: { shape: [], data: Float32Array.of(0) },
  six: { shape: [], data: Float32Array.of(6) },
} as const;
