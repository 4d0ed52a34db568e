/** Runs a recipe on one image, slowly and obviously: the oracle of the image step of every backend. */
import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import { pillowResize } from './pillow-resize.ts';
import { type Pixels, rgbOf } from './pixels.ts';
import { type NormaliseStep, normaliseOf, type ResolvedStep, resolveRecipe } from './recipe-geometry.ts';
import { tensorflowResize } from './tensorflow-resize.ts';

type AnyPixels = Pixels | Pixels<Float32Array>;

/** The prepared image as float32 `[height, width, 3]`. The recipe must have passed `checkRecipe`. */
export function prepareImage(image: RasterImage, recipe: ImageRecipe): Pixels<Float32Array> {
  let pixels: AnyPixels = rgbOf(image);
  for (const step of resolveRecipe(recipe, image))
    pixels = step.step === 'crop' ? cropPixels(pixels, step) : resizePixels(pixels, step);
  return normalisePixels(pixels, normaliseOf(recipe));
}

function resizePixels(pixels: AnyPixels, { filter, width, height }: Extract<ResolvedStep, { step: 'resize' }>): AnyPixels {
  if (filter === 'tensorflow-align-corners') return tensorflowResize(pixels as Pixels, width, height);
  return pillowResize(pixels as Pixels, width, height, filter);
}

export function cropPixels(pixels: AnyPixels, crop: Extract<ResolvedStep, { step: 'crop' }>): AnyPixels {
  const length = crop.width * crop.height * 3;
  const data = pixels.data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  for (let y = 0; y < crop.height; y++) {
    for (let x = 0; x < crop.width; x++) {
      const [fromX, fromY] = [x + crop.left, y + crop.top];
      if (fromX < 0 || fromY < 0 || fromX >= pixels.width || fromY >= pixels.height) continue; // zero padding
      for (let channel = 0; channel < 3; channel++) {
        data[(y * crop.width + x) * 3 + channel] = pixels.data[(fromY * pixels.width + fromX) * 3 + channel]!;
      }
    }
  }
  return { width: crop.width, height: crop.height, data } as AnyPixels;
}

/** value = (pixel · scale − mean) / deviation, each operation rounded to float32. */
function normalisePixels(
  { width, height, data }: AnyPixels,
  { scale, mean, deviation }: NormaliseStep,
): Pixels<Float32Array> {
  const [scale32, mean32, deviation32] = [Math.fround(scale), Float32Array.from(mean), Float32Array.from(deviation)];
  const output = new Float32Array(data.length);
  for (let index = 0; index < output.length; index++) {
    const channel = index % 3;
    output[index] = Math.fround(Math.fround(data[index]! * scale32) - mean32[channel]!) / deviation32[channel]!;
  }
  return { width, height, data: output };
}
