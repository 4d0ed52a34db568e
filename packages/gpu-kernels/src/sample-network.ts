/**
 * MobileNetV2 (Sandler et al. 2018, table 2) with random weights as an ONNX-meaning graph, at any size, and what lies between the
 * attentions of a transformer: for tests, budgets and benchmarks. Weights are scaled by He's rule so that activations keep their magnitude.
 */
import type { GraphAttribute, GraphNode, ImageRecipe, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';
import { sizeOf } from './graph/shapes.ts';
import { randomNumbers } from './kernels/case.ts';

export interface SampleNetwork {
  readonly graph: ModelGraph;
  readonly weights: Tensors;
}
/** Expansion, output channels, repeats, first stride. */
const blocks = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]] as const; // biome-ignore format: the table of the paper

export interface SampleOptions {
  /** Side of the square input. */
  readonly size: number;
  /** Channels are multiplied by it and rounded up to 8. */
  readonly width?: number;
  readonly classes?: number;
  readonly recipe?: ImageRecipe;
}

class Writer {
  readonly nodes: GraphNode[] = [];
  readonly weights: Record<string, Tensor> = {};
  #seed = 1;

  weight(name: string, shape: readonly number[], range: readonly [number, number]): string {
    this.weights[name] = { shape, data: randomNumbers(sizeOf(shape), this.#seed++, range) };
    return name;
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, GraphAttribute> = {}): string {
    const name = `${op.toLowerCase()}${this.nodes.length}`;
    this.nodes.push({ name, op, inputs, outputs: [name], attributes });
    return name;
  }

  /** Conv, BatchNormalization and, unless linear, Clip to [0, 6]. */
  unit(x: string, inputs: number, outputs: number, kernel: number, stride: number, group: number, linear = false): string {
    const fan = (inputs / group) * kernel * kernel;
    const bound = Math.sqrt(6 / fan);
    const id = this.nodes.length;
    const weight = this.weight(`w${id}`, [outputs, inputs / group, kernel, kernel], [-bound, bound]);
    const pad = (kernel - 1) / 2;
    const conv = this.node('Conv', [x, weight], { group, strides: [stride, stride], pads: [pad, pad, pad, pad] });
    const norm = [
      this.weight(`scale${id}`, [outputs], [0.5, 1.5]),
      this.weight(`shift${id}`, [outputs], [-0.2, 0.2]),
      this.weight(`mean${id}`, [outputs], [-0.2, 0.2]),
      this.weight(`variance${id}`, [outputs], [0.5, 1.5]),
    ];
    const normalised = this.node('BatchNormalization', [conv, ...norm]);
    return linear ? normalised : this.node('Clip', [normalised, 'zero', 'six']);
  }
}

export function sampleNetwork({ size, width = 1, classes = 5, recipe }: SampleOptions): SampleNetwork {
  const scaled = (channels: number): number => Math.ceil((channels * width) / 8) * 8;
  const writer = new Writer();
  writer.weights['zero'] = { shape: [], data: Float32Array.of(0) };
  writer.weights['six'] = { shape: [], data: Float32Array.of(6) };
  let channels = scaled(32);
  let x = writer.unit('image', 3, channels, 3, 2, 1);
  for (const [expansion, outputs, repeats, firstStride] of blocks) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const [stride, wide, narrow] = [repeat === 0 ? firstStride : 1, channels * expansion, scaled(outputs)];
      const expanded = expansion === 1 ? x : writer.unit(x, channels, wide, 1, 1, 1);
      const filtered = writer.unit(expanded, wide, wide, 3, stride, wide);
      const projected = writer.unit(filtered, wide, narrow, 1, 1, 1, true);
      x = stride === 1 && channels === narrow ? writer.node('Add', [x, projected]) : projected;
      channels = narrow;
    }
  }
  const features = Math.max(8, scaled(1280));
  x = writer.node('GlobalAveragePool', [writer.unit(x, channels, features, 1, 1, 1)]);
  const weight = writer.weight('classifier', [classes, features], [-0.1, 0.1]);
  const logits = writer.node(
    'Gemm',
    [writer.node('Flatten', [x]), weight, writer.weight('classifierBias', [classes], [-0.1, 0.1])],
    { transB: 1 },
  );
  const scores = writer.node('Softmax', [logits]);
  const input = { name: 'image', shape: [3, size, size], ...(recipe === undefined ? {} : { recipe }) };
  return {
    graph: { name: 'mobilenet-v2-shaped', inputs: [input], nodes: writer.nodes, outputs: [scores, logits] },
    weights: writer.weights,
  };
}

/** Two blocks of a transformer without its attention (x + W₂ · relu(W₁ · norm(x)) on rows of 24 numbers), the mean of their rows, a head. */
export function sampleBlocks(): SampleNetwork {
  const writer = new Writer();
  const [width, inner] = [24, 40];
  const product = (x: string, from: number, to: number): string => {
    const bound = Math.sqrt(6 / from);
    const product = writer.node('MatMul', [x, writer.weight(`w${writer.nodes.length}`, [from, to], [-bound, bound])]);
    return writer.node('Add', [product, writer.weight(`b${writer.nodes.length}`, [to], [-0.2, 0.2])]);
  };
  writer.weights['axes'] = { shape: [1], data: Float32Array.of(1) };
  let x = writer.node('Add', ['x', writer.weight('places', [1, 5, width], [-1, 1])]);
  for (const block of [0, 1]) {
    const layer = [
      writer.weight(`scale${block}`, [width], [0.5, 1.5]),
      writer.weight(`shift${block}`, [width], [-0.2, 0.2]),
    ];
    const normalised = writer.node('LayerNormalization', [x, ...layer], { axis: -1 });
    x = writer.node('Add', [x, product(writer.node('Relu', [product(normalised, width, inner)]), inner, width)]);
  }
  const last = [writer.weight('scale', [width], [0.5, 1.5]), writer.weight('shift', [width], [-0.2, 0.2])];
  const features = writer.node('ReduceMean', [writer.node('LayerNormalization', [x, ...last], { axis: -1 }), 'axes'], {
    keepdims: 0,
  });
  const logits = product(features, width, 7);
  return {
    graph: { name: 'blocks', inputs: [{ name: 'x', shape: [5, width] }], nodes: writer.nodes, outputs: [logits] },
    weights: writer.weights,
  };
}
