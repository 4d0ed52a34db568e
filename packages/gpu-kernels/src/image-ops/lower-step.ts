/** Steps that neither move pixels nor resize: the stages of each. */
import type { BlurStep, ByteStep, FloatStep } from '@diptych/plugin-kit';
import { RecipeFault } from './geometry.ts';
import { quantisationTables } from './jpeg-tables.ts';
import { noiseTable, patchPlaces } from './noise.ts';
import { diagonalGradient, type Kernels, laplacian, srmKernels } from './residual-kernels.ts';
import type { Format, StageKind, Taps } from './stages.ts';
import { checkDct, dctTaps, fixedTaps, gaussianTaps, haarHighTaps, interpolationTaps, rings } from './transform-tables.ts';

/** A stage and what it changes of the format. */
export type LoweredStage = readonly [StageKind, Partial<Format>];
type PlainStep = Exclude<ByteStep | BlurStep | FloatStep, { step: 'drop-alpha' }>;

export function lowerStep(step: PlainStep, format: Format): readonly LoweredStage[] {
  switch (step.step) {
    case 'grey':
      return [[{ op: 'pixel', how: 'grey' }, { channels: step.channels }]];
    case 'bgr':
      return [[{ op: 'pixel', how: 'bgr' }, {}]];
    case 'jpeg':
      return [[{ op: 'jpeg', ...quantisationTables(step.quality), subsampled: step.chroma === '4:2:0' }, {}]];
    case 'gaussian-noise':
      return [[{ op: 'noise', table: noiseTable(step.sigma), seed: step.seed }, {}]];
    case 'texture-patches':
      return [patches(step, format)];
    case 'gaussian-blur':
      return bothAxes(format, (length) => gaussianTaps(length, step.sigma));
    case 'normalise':
      return [[{ ...step, op: 'normalise' }, { isFloat: true }]];
    case 'round':
      return [[{ op: 'value', how: 'round', epsilon: 0 }, {}]];
    case 'log':
      return [[{ op: 'value', how: 'log', epsilon: step.epsilon }, {}]];
    default:
      return lowerTransform(step, format);
  }
}

/** What a step whose tables are as large as the image changes of the format; undefined of others, whose stages say it. */
export function sizeAfter(step: PlainStep, { width, height }: Format): Partial<Format> | undefined {
  if (step.step === 'azimuthal-mean') return { width: step.length, height: 1 };
  if (step.step !== 'dct') return undefined;
  checkDct(width);
  checkDct(height);
  return {};
}

type Transform = Extract<
  FloatStep,
  { step: 'npr' | 'diagonal-gradient' | 'laplacian' | 'srm' | 'dct' | 'dwt-hh' | 'power-spectrum' | 'azimuthal-mean' }
>;

function lowerTransform(step: Transform, format: Format): readonly LoweredStage[] {
  switch (step.step) {
    case 'npr':
      if (format.width % 2 !== 0 || format.height % 2 !== 0)
        throw new RecipeFault(`"npr" needs even sizes, got ${format.width}x${format.height}; put "even-trim" before it`);
      return [[{ op: 'npr' }, {}]];
    case 'diagonal-gradient':
      return [stencil(diagonalGradient, false)];
    case 'laplacian':
      return [stencil(laplacian, false)];
    case 'srm':
      return [[{ op: 'stencil', ...srmKernels[step.filters], sumsChannels: true }, { channels: step.filters }]];
    case 'dct':
      return bothAxes(format, dctTaps);
    case 'dwt-hh':
      return bothAxes(format, haarHighTaps);
    case 'power-spectrum':
      return [[{ op: 'power-spectrum' }, {}]];
    case 'azimuthal-mean':
      return azimuthalMean(format, step.length);
  }
}

const stencil = (kernels: Kernels, sumsChannels: boolean): LoweredStage => [{ op: 'stencil', ...kernels, sumsChannels }, {}];

/** The same transform along x, then along y; on bytes with 22-bit weights and bytes between. */
function bothAxes(format: Format, table: (length: number) => Taps<Float32Array>): readonly LoweredStage[] {
  const across = table(format.width);
  const down = table(format.height);
  const pass = (axis: 'x' | 'y', taps: Taps<Float32Array>): StageKind =>
    format.isFloat
      ? { op: 'float-taps', axis, taps, first: 0, toBytes: false }
      : { op: 'fixed-taps', axis, taps: fixedTaps(taps), first: 0 };
  return [
    [pass('x', across), { width: across.starts.length }],
    [pass('y', down), { height: down.starts.length }],
  ];
}

function patches(step: Extract<ByteStep, { step: 'texture-patches' }>, format: Format): LoweredStage {
  const { patch: size, width, height } = step;
  if (format.width < size || format.height < size)
    throw new RecipeFault(
      `patches of ${size}x${size} need an image at least as large, got ${format.width}x${format.height}`,
    );
  const x = patchPlaces({ ...step, size }, format, 0);
  return [
    { op: 'patches', x, y: patchPlaces({ ...step, size }, format, 1), size, keep: step.keep },
    { width, height },
  ];
}

function azimuthalMean(format: Format, length: number): readonly LoweredStage[] {
  const groups = rings(format.width, format.height);
  const found = groups.starts.length - 1;
  const taps = interpolationTaps(found, length);
  return [
    [
      { op: 'group-mean', ...groups },
      { width: found, height: 1 },
    ],
    [{ op: 'float-taps', axis: 'x', taps, first: 0, toBytes: false }, { width: length }],
  ];
}
