/**
 * The radial power spectrum of an image, as Durall et al. (arXiv 2003.01826) use it to tell upsampled images from
 * photographs, but over the DCT-II instead of the Fourier transform, as Frank et al. (arXiv 2003.08685) do: it needs no
 * window and is two matrix products, so it runs as an ordinary network on every backend.
 *
 * luminance → D · Y · Dᵀ → squares → mean over rings of equal frequency → log. The images are never resized: a resize
 * would write its own spectrum over the one that is asked for.
 */
import type {
  ImageRecipe,
  Model,
  ModelGraph,
  PresentedImage,
  RasterImage,
  Runtime,
  Tensor,
  Tensors,
} from '@diptych/plugin-kit';
import { type Abstained, scoreDecoded } from './decode-images.ts';

/** Rings of equal width from frequency 0 to the corner, √2 times the highest of one axis. */
export const bands = 64;
export const bandNames: readonly string[] = Array.from(
  { length: bands },
  (_, band) => `band-${String(band).padStart(2, '0')}`,
);

export type Side = 128 | 256;
export const spectrumBatch = 8;

/**
 * Added before the logarithm: the power that rounding to 8 bits leaves in every coefficient, a twelfth of a squared
 * step. What lies below it is no signal of the image, and float32 rounding (near 1e-12) stays invisible.
 */
const roundingPower = 1 / (12 * 255 * 255);

/** Rec. 601 luma, as in JPEG and Pillow's "L". */
const lumaWeights = [0.299, 0.587, 0.114] as const;

function recipeOf(side: Side): ImageRecipe {
  return [
    { step: 'centre-crop', width: side, height: side },
    { step: 'normalise', scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] },
  ];
}

function spectrumGraph(side: Side): ModelGraph {
  return {
    name: `spectrum-${side}`,
    inputs: [{ name: 'image', shape: [3, side, side], recipe: recipeOf(side) }],
    nodes: [
      {
        name: 'luma',
        op: 'Conv',
        inputs: ['image', 'luma-weights'],
        outputs: ['luma'],
        attributes: { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 },
      },
      { name: 'vertical', op: 'MatMul', inputs: ['dct', 'luma'], outputs: ['vertical'] },
      { name: 'coefficients', op: 'MatMul', inputs: ['vertical', 'dct-transposed'], outputs: ['coefficients'] },
      { name: 'power', op: 'Mul', inputs: ['coefficients', 'coefficients'], outputs: ['power'] },
      { name: 'flat', op: 'Flatten', inputs: ['power'], outputs: ['flat'], attributes: { axis: 1 } },
      {
        name: 'rings',
        op: 'Gemm',
        inputs: ['flat', 'ring-weights', 'rounding-power'],
        outputs: ['rings'],
        attributes: { transB: 1 },
      },
      { name: 'spectrum', op: 'Log', inputs: ['rings'], outputs: ['spectrum'] },
    ],
    outputs: ['spectrum'],
  };
}

function spectrumWeights(side: Side): Tensors {
  const dct = dctMatrix(side);
  return {
    'luma-weights': { shape: [1, 3, 1, 1], data: Float32Array.from(lumaWeights) },
    dct,
    'dct-transposed': {
      shape: [side, side],
      data: dct.data.map((_, index) => dct.data[(index % side) * side + Math.floor(index / side)]!),
    },
    'ring-weights': ringMatrix(side),
    'rounding-power': { shape: [bands], data: new Float32Array(bands).fill(roundingPower) },
  };
}

/** Row k holds the orthonormal DCT-II basis function of frequency k: √(2/n) cos(π(2i + 1)k / 2n), and √(1/n) for k = 0. */
export function dctMatrix(size: number): Tensor {
  const data = Float32Array.from({ length: size * size }, (_, index) => {
    const frequency = Math.floor(index / size);
    const scale = Math.sqrt((frequency === 0 ? 1 : 2) / size);
    return scale * Math.cos((Math.PI * (2 * (index % size) + 1) * frequency) / (2 * size));
  });
  return { shape: [size, size], data };
}

/**
 * The ring of a coefficient: the radius over √2, so that the diagonal, which lies on borders of rings, is exact in
 * float64. The mean brightness, (0, 0), is content and belongs to none.
 */
export function bandOf(vertical: number, horizontal: number, side: number): number | undefined {
  if (vertical === 0 && horizontal === 0) return undefined;
  return Math.floor((Math.sqrt((vertical ** 2 + horizontal ** 2) / 2) * bands) / side);
}

/** `[bands, side * side]`: a row times the flattened powers is the mean over its ring. */
function ringMatrix(side: number): Tensor {
  const rings = Array.from({ length: bands }, (): number[] => []);
  for (let vertical = 0; vertical < side; vertical++) {
    for (let horizontal = 0; horizontal < side; horizontal++) {
      const band = bandOf(vertical, horizontal, side);
      if (band !== undefined) rings[band]!.push(vertical * side + horizontal);
    }
  }
  const data = new Float32Array(bands * side * side);
  for (const [band, ring] of rings.entries()) {
    for (const coefficient of ring) data[band * side * side + coefficient] = 1 / ring.length;
  }
  return { shape: [bands, side * side], data };
}

export interface Spectrometer extends AsyncDisposable {
  /** Log powers of the 64 rings from low to high, or why not, aligned with `images`. At most `spectrumBatch` images. */
  measure(images: readonly PresentedImage[], signal: AbortSignal): Promise<readonly (readonly number[] | Abstained)[]>;
}

export async function openSpectrometer(runtime: Runtime, side: Side): Promise<Spectrometer> {
  // Measured rather than scored: a head is fitted on these numbers, and what is lost would be part of it.
  const model = await runtime.load(spectrumGraph(side), spectrumWeights(side), spectrumBatch, { precision: 'f32' });
  return {
    measure: (images, signal) => scoreDecoded(images, signal, (rasters) => measureRasters(model, side, rasters, signal)),
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}

async function measureRasters(
  model: Model,
  side: Side,
  rasters: readonly RasterImage[],
  signal: AbortSignal,
): Promise<(readonly number[] | Abstained)[]> {
  const large = rasters.filter(({ width, height }) => Math.min(width, height) >= side);
  const spectra = large.length === 0 ? undefined : (await model.run({ image: large }, signal)).spectrum!.data;
  let next = 0;
  return rasters.map(({ width, height }) => {
    if (Math.min(width, height) < side) return tooSmall(width, height, side);
    const start = next++ * bands;
    return Array.from(spectra!.subarray(start, start + bands));
  });
}

/** Padding would add an edge and enlarging a resampling trace, both stronger than what is measured. */
const tooSmall = (width: number, height: number, side: Side): Abstained => ({
  status: 'abstained',
  reason: `The image has ${width} × ${height} pixels; the spectrum is measured on a crop of ${side} × ${side} without resizing.`,
});
