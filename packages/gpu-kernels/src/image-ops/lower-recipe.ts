/** From a recipe and the size of one image to the stages that prepare it. A resize computes only what a crop after it keeps. */
import type { GeometryStep, ImageRecipe, RasterImage, ResizeStep } from '@diptych/plugin-kit';
import { letterboxMaps, mapsOf, RecipeFault, resizedSize } from './geometry.ts';
import { lowerResize, type Window } from './lower-resize.ts';
import { lowerStep, sizeAfter } from './lower-step.ts';
import type { Size } from './pixels.ts';
import { makesFloats } from './recipe-check.ts';
import type { Format, Maps, Stage, StageKind } from './stages.ts';

export type ImageShape = Pick<RasterImage, 'width' | 'height' | 'channels' | 'view'>;

const geometrySteps = ['centre-crop', 'corner-crop', 'five-crop', 'five-crop-on-grid', 'ten-crop', 'random-crop', 'flip', 'pad', 'pad-to', 'pad-to-square', 'even-trim']; // biome-ignore format: one list
const isGeometry = (step: ImageRecipe[number]): step is GeometryStep => geometrySteps.includes(step.step);
const isResize = (step: ImageRecipe[number]): step is ResizeStep => 'filter' in step;

/** As in the native backend: what an image of extreme proportions, or one enlarged, may become between two steps. */
const mostSamples = 3 * 2 ** 28;
/** Of a resized image of which a crop keeps a part: maps along a side are made whole. */
const longestSide = 2 ** 26;

function checkSamples({ width, height }: Size, channels: number): void {
  if (width * height * channels > mostSamples)
    throw new RecipeFault(`a step gives ${width}x${height} pixels, at most ${mostSamples / channels} are possible`);
}

/** What a recipe may keep of the sizes that it met: a collection may have as many sizes as images, and a ring of an image is as large as it. */
const mostKept = { sizes: 256, tableBytes: 2 ** 25 };

interface Kept {
  readonly stages: Map<string, readonly Stage[]>;
  readonly ends: Map<string, Size>;
  tableBytes: number;
}
const cache = new WeakMap<ImageRecipe, Kept>();

function keptOf(recipe: ImageRecipe): Kept {
  const known = cache.get(recipe) ?? {
    stages: new Map<string, readonly Stage[]>(),
    ends: new Map<string, Size>(),
    tableBytes: 0,
  };
  cache.set(recipe, known);
  return known;
}

const keyOf = ({ width, height, channels, view = 0 }: ImageShape): string => `${width} ${height} ${channels} ${view}`;

/** The recipe must have passed `checkRecipe`; throws `RecipeFault` for an image that it cannot take. Kept for the next image of that size. */
export function lowerRecipe(recipe: ImageRecipe, image: ImageShape): readonly Stage[] {
  const known = keptOf(recipe);
  const key = keyOf(image);
  const found = known.stages.get(key);
  if (found !== undefined) return found;
  const stages = new Lowering(image, false).run(recipe).stages;
  const bytes = tableBytes(stages);
  if (known.stages.size >= mostKept.sizes || known.tableBytes + bytes > mostKept.tableBytes) {
    known.stages.clear();
    known.tableBytes = 0;
  }
  known.tableBytes += bytes;
  known.stages.set(key, stages);
  return stages;
}

/** Bytes of the typed arrays in a stage, its taps and its tables. */
function tableBytes(part: object): number {
  if (ArrayBuffer.isView(part)) return part.byteLength;
  return Object.values(part).reduce<number>(
    (sum, inner) => (typeof inner === 'object' && inner !== null ? sum + tableBytes(inner) : sum),
    0,
  );
}

class Lowering {
  readonly stages: Stage[] = [];
  readonly #view: number;
  /** Leaves out stages whose tables are as large as the image. */
  readonly #sizesOnly: boolean;
  #format: Format;

  constructor({ width, height, channels, view = 0 }: ImageShape, sizesOnly: boolean) {
    this.#format = { width, height, channels, isFloat: false };
    this.#view = view;
    this.#sizesOnly = sizesOnly;
  }

  /** The size that an image ends in. */
  get end(): Size {
    return this.#format;
  }

  run(recipe: ImageRecipe): this {
    if (!recipe.some(({ step }) => step === 'drop-alpha')) this.#dropAlpha();
    for (let at = 0; at < recipe.length; at++) {
      const step = recipe[at]!;
      const next = recipe[at + 1];
      if (isResize(step)) {
        const isAlone = step.step === 'letterbox' || step.step === 'resize-and-back';
        const takesNext = !isAlone && next !== undefined && isGeometry(next);
        this.#resize(step, takesNext ? next : undefined);
        if (takesNext) at++;
      } else if (isGeometry(step)) this.#gather(mapsOf(step, this.#format, this.#view));
      else if (step.step === 'drop-alpha') this.#dropAlpha();
      else this.#lower(step);
    }
    return this;
  }

  #lower(step: Parameters<typeof lowerStep>[0]): void {
    const after = this.#sizesOnly ? sizeAfter(step, this.#format) : undefined;
    if (after === undefined) for (const stage of lowerStep(step, this.#format)) this.#append(...stage);
    else this.#format = { ...this.#format, ...after };
  }

  readonly #append = (stage: StageKind, to: Partial<Format>): Format => {
    const from = this.#format;
    const { width, height, channels, isFloat } = { ...from, ...to };
    checkSamples({ width, height }, channels);
    this.#format = { width, height, channels, isFloat };
    this.stages.push({ ...stage, from, to: this.#format });
    return this.#format;
  };

  #resize(step: ResizeStep, next: GeometryStep | undefined): void {
    const { width, height } = this.#format;
    const size = resizedSize(step, this.#format);
    const side = Math.max(size.width, size.height);
    if (side > longestSide)
      throw new RecipeFault(`"${step.step}" gives a side of ${side} pixels, at most ${longestSide} are possible`);
    if (next?.step === 'flip' || next?.step === 'even-trim' || next?.step.startsWith('pad'))
      checkSamples(size, this.#format.channels);
    const kept = step.step === 'letterbox' ? letterboxMaps(step, size) : next && mapsOf(next, size, this.#view);
    const window = kept === undefined ? { left: 0, top: 0, width: size.width, height: size.height } : windowOf(kept);
    checkSamples(window, this.#format.channels); // before its tables are made
    lowerResize(this.#format, step.filter, size, window, this.#append);
    if (step.step === 'resize-and-back')
      lowerResize(this.#format, step.filter, { width, height }, { left: 0, top: 0, width, height }, this.#append);
    if (makesFloats(step.filter)) this.#toFloats();
    if (kept !== undefined) this.#gather({ ...kept, x: shifted(kept.x, window.left), y: shifted(kept.y, window.top) });
  }

  #gather(maps: Maps): void {
    if (isIdentity(maps.x, this.#format.width) && isIdentity(maps.y, this.#format.height)) return;
    this.#append({ op: 'gather', ...maps }, { width: maps.x.length, height: maps.y.length });
  }

  /** An image that had the size already is still bytes; the steps behind a float filter work on floats. */
  #toFloats(): void {
    const { channels, isFloat } = this.#format;
    const of = (value: number): number[] => Array.from({ length: channels }, () => value);
    if (!isFloat) this.#append({ op: 'normalise', scale: 1, mean: of(0), deviation: of(1) }, { isFloat: true });
  }

  #dropAlpha(): void {
    if (this.#format.channels === 4) this.#append({ op: 'pixel', how: 'drop-alpha' }, { channels: 3 });
  }
}

/** The part of an image that maps read at all. */
function windowOf({ x, y }: Maps): Window {
  const along = (map: Int32Array): readonly [start: number, length: number] => {
    const inside = map.filter((index) => index >= 0);
    const start = inside.reduce((least, index) => Math.min(least, index), Number.MAX_SAFE_INTEGER);
    return [start, inside.reduce((most, index) => Math.max(most, index), 0) - start + 1];
  };
  const [[left, width], [top, height]] = [along(x), along(y)];
  return { left, top, width, height };
}

const shifted = (map: Int32Array, start: number): Int32Array => map.map((index) => (index < 0 ? -1 : index - start));
const isIdentity = (map: Int32Array, size: number): boolean =>
  map.length === size && map.every((source, index) => source === index);

/** The size that an image ends in, or `RecipeFault`. Tables as large as the image are not made: the native backend makes its own. */
export function preparedSize(recipe: ImageRecipe, image: ImageShape): Size {
  const { ends } = keptOf(recipe);
  const key = keyOf(image);
  const found = ends.get(key);
  if (found !== undefined) return found;
  const { width, height } = new Lowering(image, true).run(recipe).end;
  if (ends.size >= mostKept.sizes) ends.clear();
  ends.set(key, { width, height });
  return { width, height };
}
