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
  type StepShapes,
  valueOrZero,
} from '../kernel.ts';
import { halfProduct } from './half-product.ts';

const implicitGemm = loadKernel('conv2d', 'implicit-gemm', ['activation']);
const grouped = loadKernel('conv2d', 'grouped', ['run', 'flat-index', 'activation']);
const tile = 64;

const bindingsOf = (step: StepOf<'conv2d'> | StepOf<'gemm'>): Dispatch['bindings'] => [
  { value: step.x },
  { weight: step.weight },
  orZero(step.bias),
  valueOrZero(step.residual),
  { value: step.output },
];
export const epilogueConstants = (step: StepOf<'conv2d'> | StepOf<'gemm'>): Constants => ({
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

/** Names of the sizes, in the order of `Run` in implicit-gemm.wgsl; grouped.wgsl has them as constants. */
export interface Sizes {
  readonly HEIGHT: number;
  readonly WIDTH: number;
  readonly CHANNELS: number;
  readonly OUT_HEIGHT: number;
  readonly OUT_WIDTH: number;
  readonly OUT_CHANNELS: number;
  readonly KERNEL_HEIGHT: number;
  readonly KERNEL_WIDTH: number;
  readonly STRIDE_Y: number;
  readonly STRIDE_X: number;
  readonly PAD_TOP: number;
  readonly PAD_LEFT: number;
  readonly DILATION_Y: number;
  readonly DILATION_X: number;
}

function sizesOf(step: StepOf<'conv2d'>, shapes: StepShapes): Sizes {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const [outHeight, outWidth, outChannels] = shapes.value(step.output) as [number, number, number];
  const [, kernelHeight, kernelWidth] = shapes.weight(step.weight) as [number, number, number, number];
  return {
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
}

export const conv2d: KernelPlanner<'conv2d'> = (step, shapes) => {
  const sizes = sizesOf(step, shapes);
  const bindings = bindingsOf(step);
  if (step.groups > 1) {
    const group = { GROUP_CHANNELS: sizes.CHANNELS / step.groups, GROUP_OUTPUTS: sizes.OUT_CHANNELS / step.groups };
    const constants = { ...epilogueConstants(step), ...sizes, ...group };
    return { kernel: grouped, constants, bindings, grid: elementGrid(shapes.value(step.output)) };
  }
  const isPointwise =
    sizeOf([sizes.KERNEL_HEIGHT, sizes.KERNEL_WIDTH, ...step.strides]) === 1 && step.pads.every((pad) => pad === 0);
  if (shapes.target.precision === 'f16') return halfProduct(step, shapes, Object.values(sizes), isPointwise);
  return {
    kernel: implicitGemm,
    constants: { ...epilogueConstants(step), POINTWISE: isPointwise },
    parameters: Object.values(sizes),
    bindings,
    grid: tileGrid(sizes.OUT_HEIGHT * sizes.OUT_WIDTH, sizes.OUT_CHANNELS),
  };
};

/** A 1x1 convolution over an image of one column. */
export const gemm: KernelPlanner<'gemm'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  const columns = shapes.value(step.output).at(-1)!;
  const parameters = [rows, 1, shape.at(-1)!, rows, 1, columns, 1, 1, 1, 1, 0, 0, 1, 1];
  if (shapes.target.precision === 'f16') return halfProduct(step, shapes, parameters, true);
  return {
    kernel: implicitGemm,
    constants: { ...epilogueConstants(step), POINTWISE: true },
    parameters,
    bindings: bindingsOf(step),
    grid: tileGrid(rows, columns),
  };
};
