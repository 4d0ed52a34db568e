/** conv2d and gemm: groups of one as an implicit matrix product, others one thread a result. */
import { sizeOf } from '../../graph/shapes.ts';
import {
  activationConstants,
  type Constants,
  type Dispatch,
  elementGrid,
  type Grid,
  type KernelPlanner,
  loadKernel,
  maxWorkgroupsPerDimension,
  orZero,
  type StepOf,
  valueOrZero,
} from '../kernel.ts';

const implicitGemm = loadKernel('conv2d', 'implicit-gemm', ['run', 'activation']);
const grouped = loadKernel('conv2d', 'grouped', ['run', 'flat-index', 'activation']);
const tile = 64;

const bindingsOf = (step: StepOf<'conv2d'> | StepOf<'gemm'>): Dispatch['bindings'] => [
  { value: step.x },
  { weight: step.weight },
  orZero(step.bias),
  valueOrZero(step.residual),
  { value: step.output },
];
const epilogueConstants = (step: StepOf<'conv2d'> | StepOf<'gemm'>): Constants => ({
  ...activationConstants(step.activation),
  HAS_BIAS: step.bias !== undefined,
  HAS_RESIDUAL: step.residual !== undefined,
});

/** Tiles over rows in x (wrapped into z where there are too many), over columns in y. */
const tileGrid =
  (rowsPerItem: number, columns: number) =>
  (items: number): Grid => {
    const tiles = Math.ceil((items * rowsPerItem) / tile);
    const x = Math.max(1, Math.min(tiles, maxWorkgroupsPerDimension));
    return [x, Math.ceil(columns / tile), Math.ceil(tiles / x)];
  };

export const conv2d: KernelPlanner<'conv2d'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const [outHeight, outWidth, outChannels] = shapes.value(step.output) as [number, number, number];
  const [, kernelHeight, kernelWidth, groupChannels] = shapes.weight(step.weight) as [number, number, number, number];
  const constants: Constants = {
    ...epilogueConstants(step),
    HEIGHT: height,
    WIDTH: width,
    CHANNELS: channels,
    OUT_HEIGHT: outHeight,
    OUT_WIDTH: outWidth,
    OUT_CHANNELS: outChannels,
    KERNEL_HEIGHT: kernelHeight,
    KERNEL_WIDTH: kernelWidth,
    STRIDE_Y: step.strides[0],
    STRIDE_X: step.strides[1],
    PAD_TOP: step.pads[0],
    PAD_LEFT: step.pads[1],
    DILATION_Y: step.dilations[0],
    DILATION_X: step.dilations[1],
  };
  const bindings = bindingsOf(step);
  if (step.groups > 1) {
    const groupConstants = { GROUP_CHANNELS: groupChannels, GROUP_OUTPUTS: outChannels / step.groups };
    return {
      kernel: grouped,
      constants: { ...constants, ...groupConstants },
      bindings,
      grid: elementGrid(shapes.value(step.output)),
    };
  }
  const isPointwise = sizeOf([kernelHeight, kernelWidth, ...step.strides]) === 1 && step.pads.every((pad) => pad === 0);
  return {
    kernel: implicitGemm,
    constants: { ...constants, POINTWISE: isPointwise },
    bindings,
    grid: tileGrid(outHeight * outWidth, outChannels),
  };
};

/** A 1x1 convolution over an image of one column. */
export const gemm: KernelPlanner<'gemm'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  const columns = shapes.value(step.output).at(-1)!;
  const ones = ['WIDTH', 'OUT_WIDTH', 'KERNEL_HEIGHT', 'KERNEL_WIDTH', 'STRIDE_Y', 'STRIDE_X', 'DILATION_Y', 'DILATION_X'];
  return {
    kernel: implicitGemm,
    constants: {
      ...epilogueConstants(step),
      ...Object.fromEntries(ones.map((name) => [name, 1])),
      HEIGHT: rows,
      OUT_HEIGHT: rows,
      CHANNELS: shape.at(-1)!,
      OUT_CHANNELS: columns,
      PAD_TOP: 0,
      PAD_LEFT: 0,
      POINTWISE: true,
    },
    bindings: bindingsOf(step),
    grid: tileGrid(rows, columns),
  };
};
