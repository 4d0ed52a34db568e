/**
 * Emblems stand for hazards in simulated pictures: a framed tile with a harmless coloured shape, and below it a
 * row of eight black or white modules that a machine can read. A tile has 12 × 12 modules:
 * a black frame (0 and 11), a white ring (1 and 10), the shape (rows 2 to 7), white (row 8), the code (row 9).
 */
import { type Hazard, hazards } from '@diptych/plugin-kit';
import type { Colour } from './canvas.ts';
import { hsv } from './canvas.ts';

/** Side of a tile in modules. */
export const tileModules = 12;
/** Pictures hold tiles in a grid of 4 × 4 cells, enough for all eleven at once. */
export const gridCells = 4;
export const codeRow = 9;
export const codeStart = 2;
export const codeLength = 8;

/** The extended Hamming code [8, 4, 4]: any two words differ in at least four modules, so one misread module does no harm. */
function codewordOf(value: number): number {
  const bit = (i: number) => (value >> i) & 1;
  const parity = [bit(0) ^ bit(1) ^ bit(3), bit(0) ^ bit(2) ^ bit(3), bit(1) ^ bit(2) ^ bit(3)];
  const seven = value | (parity[0]! << 4) | (parity[1]! << 5) | (parity[2]! << 6);
  let overall = 0;
  for (let i = 0; i < 7; i++) overall ^= (seven >> i) & 1;
  return seven | (overall << 7);
}

export type EmblemShape = 'disc' | 'triangle' | 'square' | 'diamond';
export interface Emblem {
  readonly hazard: Hazard;
  /** Eight bits, the lowest leftmost; 1 is black. Neither all white nor all black, which any plain area would match. */
  readonly code: number;
  readonly colour: Colour;
  readonly shape: EmblemShape;
}

const shapeNames: readonly EmblemShape[] = ['disc', 'triangle', 'square', 'diamond'];

export const emblems: readonly Emblem[] = hazards.map((hazard, i) => ({
  hazard,
  code: codewordOf(i + 1),
  colour: hsv(i / hazards.length, 0.75, 0.85),
  shape: shapeNames[i % shapeNames.length]!,
}));

/** Height of the caption band at the bottom, and the scale of its letters. */
export function captionMeasures(size: number): { readonly scale: number; readonly height: number } {
  const scale = Math.max(1, Math.round(size / 128));
  return { scale, height: 9 * scale };
}

/** Side of a grid cell in pixels, and the module sizes that a tile in it may have. */
export function gridMeasures(size: number): { readonly cell: number; readonly modules: readonly number[] } {
  const cell = Math.floor((size - captionMeasures(size).height) / gridCells);
  const largest = Math.floor(cell / tileModules);
  const smallest = Math.max(2, Math.floor((0.62 * cell) / tileModules));
  return { cell, modules: Array.from({ length: Math.max(0, largest - smallest + 1) }, (_, i) => smallest + i) };
}
