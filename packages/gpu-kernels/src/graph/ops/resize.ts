/**
 * Resize (opset 11 to 24): nearest, linear and cubic in every coordinate mode, with and without antialias. What tf_crop_and_resize
 * reads outside the image is the edge here; import puts the extrapolated value there. Formulas are those of the ONNX operator reference; the taps are worked out here in float64.
 */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { resampled, type Taps } from './resample.ts';

interface Axis {
  readonly size: number;
  readonly scale: number;
  readonly output: number;
  /** Part of the dimension that tf_crop_and_resize reads, from 0 to 1. */
  readonly start: number;
  readonly end: number;
}

type Place = (at: number, axis: Axis) => number;

/** Output coordinate → input coordinate. `output` below is the exact scaled size where it matters. */
const coordinateModes: Readonly<Record<string, Place>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, { scale, output }) => (output > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { size, scale }) => (size * scale === 1 ? 0 : (at * (size - 1)) / (size * scale - 1)),
  asymmetric: (at, { scale }) => at / scale,
  half_pixel_symmetric: (at, { size, scale, output }) =>
    (size / 2) * (1 - output / (scale * size)) + (at + 0.5) / scale - 0.5,
  tf_crop_and_resize: (at, { size, output, start, end }) =>
    (output > 1 ? start + (at * (end - start)) / (output - 1) : (start + end) / 2) * (size - 1),
};

/** Which places of a dimension tf_crop_and_resize reads outside the image. */
export const readsOutside = (axis: Omit<Axis, 'scale'>): boolean[] =>
  Array.from({ length: axis.output }, (_, at) => {
    const place = coordinateModes['tf_crop_and_resize']!(at, { ...axis, scale: 1 });
    return place < 0 || place > axis.size - 1;
  });

const nearestModes: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

const triangle = (d: number): number => Math.max(0, 1 - Math.abs(d));

/** Keys' cubic, IEEE Trans. ASSP 29(6), 1981, with its parameter a. */
function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

const clamp = (index: number, size: number): number => Math.min(size - 1, Math.max(0, index));

interface Interpolation {
  readonly weight: (distance: number) => number;
  readonly radius: number;
  readonly antialias: boolean;
  readonly excludesOutside: boolean;
}

/** Pixels beyond the edge repeat it, or count nothing with exclude_outside. An antialiased kernel widens as the image shrinks. */
function interpolationTaps(axis: Axis, place: Place, { weight, radius, antialias, excludesOutside }: Interpolation): Taps {
  const shrink = antialias ? Math.min(1, axis.scale) : 1;
  // As in the reference: from the first whole offset inside the widened kernel, on both sides of the pixel below.
  const first = Math.floor(-radius / shrink) + 1;
  const count = 2 - 2 * first;
  const rows = Array.from({ length: axis.output }, (_, at) => {
    const x = place(at, axis);
    const offsets = Array.from({ length: count }, (_unused, t) => Math.floor(x) + first + t);
    const raw = offsets.map((index) => {
      const isOutside = index < 0 || index >= axis.size;
      return excludesOutside && isOutside ? 0 : weight((index - x) * shrink);
    });
    const total = antialias || excludesOutside ? raw.reduce((sum, factor) => sum + factor, 0) : 1;
    return { indices: offsets.map((index) => clamp(index, axis.size)), factors: raw.map((factor) => factor / total) };
  });
  return { indices: rows.map(({ indices }) => indices), factors: rows.map(({ factors }) => factors) };
}

/** Coordinates are rounded to float32 first: in exact arithmetic 3 / 0.6f lies below 5, in everyone else's it is 5. */
function nearestTaps(axis: Axis, place: Place, round: (x: number) => number): Taps {
  const at = Array.from({ length: axis.output }, (_, o) => clamp(round(Math.fround(place(o, axis))), axis.size));
  return { indices: at.map((index) => [index]), factors: at.map(() => [1]) };
}

/** Taps of each place are listed before anything runs: a longer side is a file made to fill memory. */
const longestSide = 65_536;

function checkSide(node: GraphNode, axis: Axis): Axis {
  if (!(Number.isInteger(axis.output) && axis.output >= 1 && axis.output <= longestSide))
    throw graphInvalid(node, `a resized dimension would have size ${axis.output}; 1 to ${longestSide} are possible.`);
  return axis;
}

/** How far each dimension is resized: by sizes, or by scales. All lists begin with the batch. */
export interface Resized {
  readonly list: ArrayLike<number>;
  readonly isBySize: boolean;
  /** Sizes beside scales that they do not follow from, as keep_aspect_ratio_policy rounds them. */
  readonly outputs?: ArrayLike<number> | undefined;
  /** Starts, then ends, of tf_crop_and_resize. */
  readonly roi?: ArrayLike<number> | undefined;
}

/** Scales or sizes of all dimensions, the batch's being 1. */
function readAxes(node: GraphNode, shape: readonly number[], { list, isBySize, outputs, roi }: Resized): Axis[] {
  if (list.length !== shape.length + 1)
    throw graphInvalid(node, `scales or sizes must have ${shape.length + 1} entries, got ${list.length}.`);
  if (!isBySize && list[0] !== 1) throw opUnsupported(node, 'resizing of the batch');
  return shape.map((size, d) => {
    const given = list[d + 1]!;
    const [start, end] = [roi?.[d + 1] ?? 0, roi?.[d + 2 + shape.length] ?? 1];
    if (isBySize) return checkSide(node, { size, scale: given / size, output: given, start, end });
    // The product of float32 numbers as everyone computes it: 0.6f · 5 is 3.
    const output = outputs?.[d + 1] ?? Math.floor(Math.fround(size * given));
    if (!(given > 0 && output >= 1)) throw graphInvalid(node, `a scale of ${given} leaves nothing of ${size}.`);
    return checkSide(node, { size, scale: given, output, start, end });
  });
}

/** The step `resize-nearest` is that mapping of height and width by whole divisions. */
const isPlainNearest = (axis: Axis, { indices }: Taps): boolean =>
  indices.every(([index], o) => index === Math.floor((o * axis.size) / axis.output));

/** Of a value of `shape` without batch: its dimensions, and the taps of those that change. */
export function resizeTaps(
  node: GraphNode,
  shape: readonly number[],
  to: Resized,
): { readonly mode: string; readonly axes: readonly Axis[]; readonly taps: ReadonlyMap<number, Taps> } {
  const attributes = new Attributes(node);
  const mode = attributes.string('mode', 'nearest');
  const placeName = attributes.string('coordinate_transformation_mode', 'half_pixel');
  const roundName = attributes.string('nearest_mode', 'round_prefer_floor');
  const a = attributes.number('cubic_coeff_a', -0.75);
  const excludesOutside = attributes.number('exclude_outside', 0) !== 0;
  attributes.number('extrapolation_value', 0); // of tf_crop_and_resize only
  const antialias = attributes.number('antialias', 0) !== 0;
  attributes.finish();
  const place = coordinateModes[placeName];
  if (place === undefined || !Object.hasOwn(coordinateModes, placeName))
    throw opUnsupported(node, `attribute coordinate_transformation_mode = "${placeName}"`);
  const isCropped = placeName === 'tf_crop_and_resize';
  if (isCropped && to.roi?.length !== 2 * shape.length + 2) throw graphInvalid(node, `its region of interest must have ${2 * shape.length + 2} entries.`); // biome-ignore format: one condition
  const round = nearestModes[roundName];
  if (round === undefined) throw opUnsupported(node, `attribute nearest_mode = "${roundName}"`);
  if (!['nearest', 'linear', 'cubic'].includes(mode)) throw opUnsupported(node, `attribute mode = "${mode}"`);
  const axes = readAxes(node, shape, to);
  const interpolation =
    mode === 'linear'
      ? { weight: triangle, radius: 1, antialias, excludesOutside }
      : { weight: (d: number) => cubic(d, a), radius: 2, antialias, excludesOutside };
  const tapsOf = (axis: Axis): Taps =>
    mode === 'nearest' ? nearestTaps(axis, place, round) : interpolationTaps(axis, place, interpolation);
  // A dimension with scale 1 is not resized, whatever the mode, unless a part of it is asked for.
  const isKept = ({ scale, start, end }: Axis): boolean => scale === 1 && (!isCropped || (start === 0 && end === 1));
  return { mode, axes, taps: new Map(axes.flatMap((axis, d) => (isKept(axis) ? [] : [[d, tapsOf(axis)] as const]))) };
}

export function Resize(builder: PlanBuilder, node: GraphNode): void {
  const x = builder.value(node, 0);
  const sizes = builder.optionalConstant(node, 3);
  const scales = builder.optionalConstant(node, 2);
  const list = (scales ?? builder.constant(node, 3)).data;
  const roi = builder.optionalConstant(node, 1)?.data;
  const { mode, axes, taps } = resizeTaps(node, x.shape, {
    list,
    isBySize: scales === undefined,
    outputs: sizes?.data,
    roi,
  });
  const image = [1, 2].map((d) => taps.get(d) ?? { indices: [], factors: [] });
  if (
    mode === 'nearest' &&
    x.shape.length === 3 &&
    !taps.has(0) &&
    taps.size > 0 &&
    image.every((given, d) => isPlainNearest(axes[d + 1]!, given))
  ) {
    // biome-ignore format: one condition
    const [channels, ...output] = axes.map((axis) => axis.output) as [number, number, number];
    const source = builder.channelsLast(x, node.name);
    const id = builder.addStep({ op: 'resize-nearest', name: node.name, x: source }, [...output, channels]);
    builder.define(node.outputs[0]!, [channels, ...output], { channelsLast: id });
    return;
  }
  const { shape, forms } = resampled(builder, node, x, taps);
  builder.define(node.outputs[0]!, shape, forms);
}
