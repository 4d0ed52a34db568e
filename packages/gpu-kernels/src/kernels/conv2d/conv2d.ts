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
import { windowSizes } from '../window.ts';
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

export const conv2d: KernelPlanner<'conv2d'> = (step, shapes) => {
  const [, kernelHeight, kernelWidth] = shapes.weight(step.weight) as [number, number, number, number];
  const sizes = windowSizes(shapes.value(step.x), shapes.value(step.output), [kernelHeight, kernelWidth], step);
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

const pointwise = { strides: [1, 1], pads: [0, 0], dilations: [1, 1] } as const;

/** A 1x1 convolution over an image of one column. */
export const gemm: KernelPlanner<'gemm'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  const columns = shapes.value(step.output).at(-1)!;
  const parameters = Object.values(windowSizes([rows, 1, shape.at(-1)!], [rows, 1, columns], [1, 1], pointwise));
  if (shapes.target.precision === 'f16') return halfProduct(step, shapes, parameters, true);
  return {
    kernel: implicitGemm,
    constants: { ...epilogueConstants(step), POINTWISE: true },
    parameters,
    bindings: bindingsOf(step),
    grid: tileGrid(rows, columns),
  };
};
