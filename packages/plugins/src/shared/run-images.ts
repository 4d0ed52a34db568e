/** Runs a network on images whose recipe may describe several views of each. */
import {
  type DecodeOptions,
  type ImageRecipe,
  type Model,
  type RasterImage,
  type Tensors,
  viewsOf,
  withView,
} from '@diptych/plugin-kit';

export interface ImageInput {
  readonly input: string;
  readonly recipe: ImageRecipe;
}

/** Alpha is decoded where the recipe drops it itself. */
export const decodingFor = ({ recipe, orientation }: Decoded): DecodeOptions => ({
  ...(recipe.some(({ step }) => step === 'drop-alpha') && { alpha: 'keep' }),
  ...(orientation !== undefined && { orientation }),
});
interface Decoded {
  readonly recipe: ImageRecipe;
  readonly orientation?: DecodeOptions['orientation'];
}

/**
 * Outputs with one item for each image: with several views, the mean of the network's outputs over them, before any
 * activation of a card. A method that averages probabilities has its activation in the network.
 */
export async function runImages(
  model: Model,
  { input, recipe }: ImageInput,
  rasters: readonly RasterImage[],
  signal: AbortSignal,
): Promise<Tensors> {
  const views = viewsOf(recipe);
  if (views === 1) return model.run({ [input]: rasters }, signal);
  const seen = rasters.flatMap((raster) => Array.from({ length: views }, (_, view) => withView(raster, view)));
  const sums: Record<string, { shape: readonly number[]; data: Float64Array }> = {};
  for (let first = 0; first < seen.length; first += model.batch) {
    const outputs = await model.run({ [input]: seen.slice(first, first + model.batch) }, signal);
    for (const [name, { shape, data }] of Object.entries(outputs)) {
      const size = data.length / shape[0]!;
      sums[name] ??= { shape: [rasters.length, ...shape.slice(1)], data: new Float64Array(rasters.length * size) };
      for (const [at, value] of data.entries())
        sums[name].data[Math.floor((first + Math.floor(at / size)) / views) * size + (at % size)]! += value / views;
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
}
