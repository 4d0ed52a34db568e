/** Finds emblems in pixels: every place and module size is probed, most are dismissed after one or two modules. */
import { type Hazard, hazards, type RasterImage } from '@diptych/plugin-kit';
import { codeLength, codeRow, codeStart, emblems, gridMeasures, tileModules } from './emblem-code.ts';

/** Brightness of the picture with running sums, so that the mean over any box costs four look-ups. */
export interface Brightness {
  readonly size: number;
  /** [(size + 1) × (size + 1)], sums over everything above and left. */
  readonly sums: Float64Array;
}

/** Luma of ITU-R BT.601. The picture must be square. */
export function brightnessOf({ width: size, channels, data }: RasterImage): Brightness {
  const sums = new Float64Array((size + 1) * (size + 1));
  for (let y = 0; y < size; y++) {
    let row = 0;
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * channels;
      row += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      sums[(y + 1) * (size + 1) + x + 1] = sums[y * (size + 1) + x + 1]! + row;
    }
  }
  return { size, sums };
}

/** Mean brightness of a box in whole pixels. */
export function meanOf({ size, sums }: Brightness, x: number, y: number, side: number): number {
  const stride = size + 1;
  const [top, bottom] = [y * stride, (y + side) * stride];
  return (sums[bottom + x + side]! - sums[bottom + x]! - sums[top + x + side]! + sums[top + x]!) / (side * side);
}

/** A module of the tile, and whether it is drawn dark. */
interface Probe {
  readonly column: number;
  readonly row: number;
  readonly isDark: boolean;
}

/** The frame's four corners and middles, then the ring's. Most places fail at the first two. */
const probes: readonly Probe[] = [
  { column: 0, row: 0, isDark: true },
  { column: 1, row: 1, isDark: false },
  { column: 11, row: 11, isDark: true },
  { column: 10, row: 10, isDark: false },
  { column: 11, row: 0, isDark: true },
  { column: 10, row: 1, isDark: false },
  { column: 0, row: 11, isDark: true },
  { column: 1, row: 10, isDark: false },
];

/** All modules of frame and ring, and the white row above the code. */
const outline: readonly Probe[] = Array.from({ length: tileModules ** 2 }, (_, i) => {
  const [column, row] = [i % tileModules, Math.floor(i / tileModules)];
  const depth = Math.min(column, row, tileModules - 1 - column, tileModules - 1 - row);
  return { column, row, depth };
})
  .filter(({ row, depth }) => depth <= 1 || row === codeRow - 1)
  .map(({ column, row, depth }) => ({ column, row, isDark: depth === 0 }));

export interface FoundEmblem {
  readonly hazard: Hazard;
  /** Share of the outline that reads as drawn, 0.9 to 1. */
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Drawn are 16 and 240. The outline must come near them, for stripes of an incoherent picture may imitate it roughly. */
const middle = 128;
const surelyDark = 100;
const surelyBright = 156;
const neededShare = 0.9;

/** Asked of every place of every picture, so without a closure, whose variables would be allocated with each call. */
function hasCorners(brightness: Brightness, x: number, y: number, module: number): boolean {
  for (let i = 0; i < probes.length; i++) {
    const { column, row, isDark } = probes[i]!;
    if (meanOf(brightness, x + column * module, y + row * module, module) < middle !== isDark) return false;
  }
  return true;
}

function emblemAt(brightness: Brightness, x: number, y: number, module: number): FoundEmblem | undefined {
  const levelOf = (column: number, row: number) => meanOf(brightness, x + column * module, y + row * module, module);
  let right = 0;
  for (const { column, row, isDark } of outline)
    if (isDark ? levelOf(column, row) < surelyDark : levelOf(column, row) > surelyBright) right += 1;
  const score = right / outline.length;
  if (score < neededShare) return undefined;
  let code = 0;
  for (let i = 0; i < codeLength; i++) if (levelOf(codeStart + i, codeRow) < middle) code |= 1 << i;
  const distance = (other: number) => [...Array(codeLength).keys()].filter((i) => ((code ^ other) >> i) & 1).length;
  const emblem = emblems.find((candidate) => distance(candidate.code) <= 1);
  return emblem === undefined ? undefined : { hazard: emblem.hazard, score, x, y, side: module * tileModules };
}

const overlaps = (a: FoundEmblem, b: FoundEmblem): boolean =>
  a.x < b.x + b.side && b.x < a.x + a.side && a.y < b.y + b.side && b.y < a.y + a.side;

/** The best of overlapping readings (a tile read one pixel aside gives another code) and of each hazard, in the order of the taxonomy. */
export function findEmblems(brightness: Brightness): FoundEmblem[] {
  const readings: FoundEmblem[] = [];
  for (const module of gridMeasures(brightness.size).modules) {
    const last = brightness.size - module * tileModules;
    for (let y = 0; y <= last; y++) {
      for (let x = 0; x <= last; x++) {
        const found = hasCorners(brightness, x, y, module) ? emblemAt(brightness, x, y, module) : undefined;
        if (found !== undefined) readings.push(found);
      }
    }
  }
  const kept: FoundEmblem[] = [];
  for (const reading of readings.sort((a, b) => b.score - a.score)) {
    if (!kept.some((other) => overlaps(other, reading) || other.hazard === reading.hazard)) kept.push(reading);
  }
  return hazards.flatMap((hazard) => kept.find((reading) => reading.hazard === hazard) ?? []);
}
