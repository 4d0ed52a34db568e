/**
 * ResNet-50, MobileNetV2 and ViT-B/32 with random weights as ONNX files, as exporters write them after folding
 * BatchNorm: the shapes decide the time, not the values. Weights are scaled so that activations keep their size.
 */
import type { GraphAttribute, GraphNode, Tensor } from '@diptych/plugin-kit';
import { writeParts } from './onnx-file.ts';

/** Numbers from −2 to 2 in no order. */
export function makeImages(count: number, side: number, seed = 7): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count * 3 * side * side }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  });
}

/** Nodes and weights, each named by a running number. */
class NetworkBuilder {
  readonly nodes: GraphNode[] = [];
  readonly weights: Record<string, Tensor> = {};
  readonly integers: Record<string, readonly number[]> = {};
  #state = 1;

  node(op: string, inputs: readonly string[], attributes: Record<string, GraphAttribute> = {}): string {
    const name = `${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, inputs, outputs: [name], attributes });
    return name;
  }

  /** Uniform with standard deviation `scale`, from a linear congruential generator. */
  weight(shape: readonly number[], scale: number, mean = 0): string {
    const name = `w${Object.keys(this.weights).length}`;
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let at = 0; at < data.length; at++) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      data[at] = mean + (this.#state / 2 ** 32 - 0.5) * Math.sqrt(12) * scale;
    }
    this.weights[name] = { shape, data };
    return name;
  }

  shape(values: readonly number[]): string {
    const name = `shape${Object.keys(this.integers).length}`;
    this.integers[name] = values;
    return name;
  }

  conv(x: string, from: number, to: number, kernel: number, stride: number, groups = 1, gain = 2): string {
    const fan = (from / groups) * kernel * kernel;
    const weight = this.weight([to, from / groups, kernel, kernel], Math.sqrt(gain / fan));
    const pad = kernel === stride ? 0 : Math.floor(kernel / 2);
    return this.node('Conv', [x, weight, this.weight([to], 0.1)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      dilations: [1, 1],
      group: groups,
    });
  }

  linear(x: string, from: number, to: number): string {
    return this.node('Add', [
      this.node('MatMul', [x, this.weight([from, to], Math.sqrt(1 / from))]),
      this.weight([to], 0.1),
    ]);
  }

  classifier(x: string, from: number): string {
    const flat = this.node('Flatten', [x], { axis: 1 });
    return this.node('Gemm', [flat, this.weight([1000, from], Math.sqrt(1 / from)), this.weight([1000], 0.1)], {
      transB: 1,
    });
  }

  finish(name: string, output: string, side: number): Uint8Array {
    const { nodes, weights, integers } = this;
    return writeParts({
      name,
      nodes,
      weights,
      integers,
      inputs: { x: ['batch', 3, side, side] },
      outputs: { [output]: ['batch', 1000] },
    });
  }
}

/** He et al., arXiv 1512.03385, table 1, stride in the 3x3 as torchvision has it. */
export function resnet50(side: number): Uint8Array {
  const network = new NetworkBuilder();
  const relu = (x: string) => network.node('Relu', [x]);
  let x = relu(network.conv('x', 3, 64, 7, 2));
  x = network.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let channels = 64;
  for (const [width, count, first] of [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ] as const) {
    // biome-ignore format: a table
    for (let block = 0; block < count; block++) {
      const stride = block === 0 ? first : 1;
      const short = block === 0 ? network.conv(x, channels, width * 4, 1, stride, 1, 0.5) : x;
      const inner = relu(network.conv(relu(network.conv(x, channels, width, 1, 1)), width, width, 3, stride));
      x = relu(network.node('Add', [network.conv(inner, width, width * 4, 1, 1, 1, 0.5), short]));
      channels = width * 4;
    }
  }
  const output = network.classifier(network.node('GlobalAveragePool', [x]), channels);
  return network.finish('resnet50', output, side);
}

/** Sandler et al., arXiv 1801.04381, table 2. */
function mobilenetV2(side: number): Uint8Array {
  const network = new NetworkBuilder();
  const [low, high] = [network.weight([], 0, 0), network.weight([], 0, 6)];
  const relu6 = (x: string) => network.node('Clip', [x, low, high]);
  let x = relu6(network.conv('x', 3, 32, 3, 2));
  let channels = 32;
  for (const [expansion, filters, count, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const) {
    // biome-ignore format: a table
    for (let block = 0; block < count; block++) {
      const inner = channels * expansion;
      const wide = expansion === 1 ? x : relu6(network.conv(x, channels, inner, 1, 1));
      const deep = relu6(network.conv(wide, inner, inner, 3, block === 0 ? first : 1, inner));
      const narrow = network.conv(deep, inner, filters, 1, 1, 1, 1);
      x = block === 0 ? narrow : network.node('Add', [x, narrow]);
      channels = filters;
    }
  }
  const output = network.classifier(network.node('GlobalAveragePool', [relu6(network.conv(x, channels, 1280, 1, 1))]), 1280);
  return network.finish('mobilenet_v2', output, side);
}

/** Dosovitskiy et al., arXiv 2010.11929, with patches of 32 and QuickGELU as CLIP has it; a mean over tokens in the place of the class token. */
export function vit(side: number, patch: number, width: number, depth: number): Uint8Array {
  const network = new NetworkBuilder();
  const [heads, tokens] = [width / 64, (side / patch) ** 2];
  const norm = (x: string) =>
    network.node('LayerNormalization', [x, network.weight([width], 0.1, 1), network.weight([width], 0.1)], {
      axis: -1,
      epsilon: 1e-5,
    });
  const split = network.shape([0, 0, heads, 64]);
  const joined = network.shape([0, 0, width]);
  const [scale, slope] = [network.weight([], 0, 1 / 8), network.weight([], 0, 1.702)];
  const headsOf = (x: string, perm: readonly number[]) =>
    network.node('Transpose', [network.node('Reshape', [network.linear(x, width, width), split])], { perm });
  const patches = network.conv('x', 3, width, patch, patch);
  let x = network.node('Transpose', [network.node('Reshape', [patches, network.shape([0, width, tokens])])], {
    perm: [0, 2, 1],
  });
  x = network.node('Add', [x, network.weight([tokens, width], 0.5)]);
  for (let block = 0; block < depth; block++) {
    const before = norm(x);
    const [q, k, v] = [headsOf(before, [0, 2, 1, 3]), headsOf(before, [0, 2, 3, 1]), headsOf(before, [0, 2, 1, 3])];
    const scores = network.node('Softmax', [network.node('Mul', [network.node('MatMul', [q, k]), scale])], { axis: -1 });
    const mixed = network.node('Transpose', [network.node('MatMul', [scores, v])], { perm: [0, 2, 1, 3] });
    x = network.node('Add', [x, network.linear(network.node('Reshape', [mixed, joined]), width, width)]);
    const wide = network.linear(norm(x), width, 4 * width);
    const gelu = network.node('Mul', [wide, network.node('Sigmoid', [network.node('Mul', [wide, slope])])]);
    x = network.node('Add', [x, network.linear(gelu, 4 * width, width)]);
  }
  const mean = network.node('ReduceMean', [norm(x)], { axes: [1], keepdims: 0 });
  return network.finish(`vit_${width}_${patch}`, network.classifier(mean, width), side);
}

/** By name on the command line. */
export const networks: Readonly<Record<string, { readonly side: number; make(side: number): Uint8Array }>> = {
  'ResNet-50': { side: 224, make: resnet50 },
  MobileNetV2: { side: 224, make: mobilenetV2 },
  'ViT-B/32': { side: 224, make: (side) => vit(side, 32, 768, 12) },
  'ViT-L/14': { side: 224, make: (side) => vit(side, 14, 1024, 24) },
};
