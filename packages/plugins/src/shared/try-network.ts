/**
 * Runs a network on made pictures before it is used, so that a card that calls logits scores, or weights that hold NaN, end a
 * plan. Found while scoring they would cost a run, and where some logits happen to lie between 0 and 1 leave scores that look right.
 */
import { isDiptychError, type OnnxNetwork, type RasterImage } from '@diptych/plugin-kit';

/** A picture shows NaN; whether numbers are scores only several can show. */
export type Doubt = 'finite' | 'scores';

const pixels: readonly ((x: number, y: number, channel: number) => number)[] = [
  // Noise that is the same everywhere: the fraction of a sine of large numbers.
  (x, y, channel) => {
    const sine = Math.sin(12.9898 * x + 78.233 * y + 37.719 * channel) * 43_758.5453;
    return Math.floor(256 * (sine - Math.floor(sine)));
  },
  (x, y, channel) => (2 * x + 3 * y + 80 * channel) % 256,
  () => 0,
  () => 255,
  // Of one channel alone: what compares colours gives its largest numbers for them.
  (_x, _y, channel) => (channel === 0 ? 255 : 0),
  (_x, _y, channel) => (channel === 1 ? 255 : 0),
  (_x, _y, channel) => (channel === 2 ? 255 : 0),
  // As smooth as noise is rough, for what looks at frequencies.
  (x, y, channel) => Math.round(127.5 * (1 + Math.sin(x / 40 + y / 60 + 2 * channel))),
];

function draw(width: number, height: number, pixel: (typeof pixels)[number]): RasterImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const place = Math.floor(at / 3);
    return pixel(place % width, Math.floor(place / width), at % 3);
  });
  return { width, height, channels: 3, data };
}

/** Rejects with what `score` rejects with. Where no picture of a likely size passes the recipe, nothing is tried. */
export async function tryNetwork(
  model: OnnxNetwork,
  input: string,
  doubt: Doubt,
  score: (rasters: readonly RasterImage[], signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const [height = 1, width = 1] = model.inputs.find(({ name }) => name === input)?.shape.slice(1) ?? [];
  const sizes = [[width, height], [2 * width, 2 * height], [512, 512], [1024, 1024]] as const; // biome-ignore format: a table
  const shown = doubt === 'scores' ? pixels : pixels.slice(0, 1);
  for (const [w, h] of sizes) {
    try {
      for (let first = 0; first < shown.length; first += model.batch) {
        const rasters = shown.slice(first, first + model.batch).map((pixel) => draw(w, h, pixel));
        await score(rasters, new AbortController().signal);
      }
      return;
    } catch (error) {
      if (!isDiptychError(error) || error.code !== 'RUN_INPUT_INVALID') throw error;
    }
  }
}
