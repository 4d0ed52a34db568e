/**
 * The two networks of face-api 1.7.15, re-built from their published layer lists: TinyFaceDetector (a Tiny YOLO v2 with
 * separable convolutions) and AgeGenderNet (a small Xception). Names of weights are face-api's.
 */
import type { GraphAttribute, GraphNode, ImageRecipe, ModelGraph } from '@diptych/plugin-kit';

export const detectorSide = 416;
export const faceSide = 112;
/** Anchors of the detector, in cells of 32 pixels: width and height. */
export const anchors = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
/** Cells along a side, and numbers for each anchor: x, y, width, height, objectness. */
export const cells = detectorSide / 32;
export const boxNumbers = 5;

/** (pixel - mean) / 255 after a stretch of the squared picture; face-api resizes in TensorFlow, which its browser build does not, so neither is canonical. */
const recipeOf = (side: number, mean: readonly number[]): ImageRecipe => [
  { step: 'resize', filter: 'pillow-bilinear', width: side, height: side },
  { step: 'normalise', scale: 1 / 255, mean: mean.map((level) => level / 255), deviation: [1, 1, 1] },
];

type Pads = readonly [top: number, left: number, bottom: number, right: number];
const same3: Pads = [1, 1, 1, 1];
const none: Pads = [0, 0, 0, 0];
/** What TensorFlow's `same` adds for a stride of 2 on an even side: one row and column at the end. */
const atEnd: Pads = [0, 0, 1, 1];

/** Appends nodes; every method returns the value it adds. */
class Builder {
  readonly nodes: GraphNode[] = [];

  add(op: string, inputs: readonly string[], attributes?: Record<string, GraphAttribute>): string {
    const name = `${op}-${this.nodes.length}`;
    this.nodes.push({ name, op, inputs, outputs: [name], ...(attributes && { attributes }) });
    return name;
  }

  conv(
    input: string,
    weight: string,
    size: number,
    pads: Pads,
    rest: { bias?: string; stride?: number; group?: number },
  ): string {
    const { bias, stride = 1, group = 1 } = rest;
    const attributes = { kernel_shape: [size, size], strides: [stride, stride], pads: [...pads], group };
    return this.add('Conv', [input, weight, ...(bias === undefined ? [] : [bias])], attributes);
  }

  separable(input: string, name: string, channels: number): string {
    const depthwise = this.conv(input, `${name}/depthwise_filter`, 3, same3, { group: channels });
    return this.conv(depthwise, `${name}/pointwise_filter`, 1, none, { bias: `${name}/bias` });
  }

  pool(input: string, size: number, stride: number, pads: Pads): string {
    return this.add('MaxPool', [input], { kernel_shape: [size, size], strides: [stride, stride], pads: [...pads] });
  }

  relu(input: string): string {
    return this.add('Relu', [input]);
  }

  /** max(x, 0.1 x): face-api's leaky ReLU. */
  leaky(input: string): string {
    return this.add('Max', [input, this.add('Mul', [input, 'slope'])]);
  }
}

/** Output [anchors × 5, 13, 13]: logits and box numbers of each anchor in each cell. */
export function detectorGraph(): ModelGraph {
  const build = new Builder();
  // face-api runs the first convolution without padding: 'valid', 416 to 414.
  let value = build.leaky(build.conv('image', 'conv0/filters', 3, none, { bias: 'conv0/bias' }));
  for (const [index, channels] of [16, 32, 64, 128, 256].entries()) {
    // Sides 414, 207, 104, 52, 26: an odd one gets one more at its end, as `same` pooling does.
    value = build.pool(value, 2, 2, index === 1 ? atEnd : none);
    value = build.leaky(build.separable(value, `conv${index + 1}`, channels));
  }
  value = build.pool(value, 2, 1, atEnd);
  const boxes = build.conv(value, 'conv8/filters', 1, none, { bias: 'conv8/bias' });
  const mean = [117.001, 114.697, 97.404];
  const inputs = [{ name: 'image', shape: [3, detectorSide, detectorSide], recipe: recipeOf(detectorSide, mean) }];
  return { name: 'tiny-face-detector', inputs, nodes: build.nodes, outputs: [boxes] };
}

/** Output [2]: probability of male, of female, as the network of face-api orders them. */
export function genderGraph(): ModelGraph {
  const build = new Builder();
  const bias = (name: string) => ({ bias: `${name}/bias` });
  const reduce = (input: string, name: string, [from, to]: readonly [number, number], isFirst: boolean): string => {
    const first = build.separable(isFirst ? input : build.relu(input), `${name}/separable_conv0`, from);
    const second = build.separable(build.relu(first), `${name}/separable_conv1`, to);
    const expansion = `${name}/expansion_conv`;
    const shortcut = build.conv(input, `${expansion}/filters`, 1, none, { ...bias(expansion), stride: 2 });
    return build.add('Add', [build.pool(second, 3, 2, atEnd), shortcut]);
  };
  const entry = build.conv('image', 'entry_flow/conv_in/filters', 3, atEnd, { ...bias('entry_flow/conv_in'), stride: 2 });
  let value = reduce(build.relu(entry), 'entry_flow/reduction_block_0', [32, 64], true);
  value = reduce(value, 'entry_flow/reduction_block_1', [64, 128], false);
  for (const block of [0, 1]) {
    let inner = value;
    for (const layer of [0, 1, 2])
      inner = build.separable(build.relu(inner), `middle_flow/main_block_${block}/separable_conv${layer}`, 128);
    value = build.add('Add', [inner, value]);
  }
  value = reduce(value, 'exit_flow/reduction_block', [128, 256], false);
  value = build.relu(build.separable(value, 'exit_flow/separable_conv', 256));
  const flat = build.add('Flatten', [build.add('GlobalAveragePool', [value])], { axis: 1 });
  const logits = build.add('Gemm', [flat, 'fc/gender/weights', 'fc/gender/bias'], { transB: 1 });
  const output = build.add('Softmax', [logits], { axis: -1 });
  const inputs = [
    { name: 'image', shape: [3, faceSide, faceSide], recipe: recipeOf(faceSide, [122.782, 117.001, 104.298]) },
  ];
  return { name: 'age-gender-net', inputs, nodes: build.nodes, outputs: [output] };
}

export const constants = { slope: { shape: [], data: Float32Array.of(0.1) } } as const;
