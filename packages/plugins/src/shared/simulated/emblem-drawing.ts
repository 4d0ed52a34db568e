import type { Hazard } from '@diptych/plugin-kit';
import { pick, type Random } from '../seeded.ts';
import { type Canvas, type Colour, fillRectangle, fillShape } from './canvas.ts';
import {
  codeLength,
  codeRow,
  codeStart,
  type EmblemShape,
  emblems,
  gridCells,
  gridMeasures,
  tileModules,
} from './emblem-code.ts';

const black: Colour = [16, 16, 16];
const white: Colour = [240, 240, 240];

const insides: Readonly<Record<EmblemShape, (u: number, v: number) => boolean>> = {
  disc: (u, v) => u * u + v * v <= 1,
  triangle: (u, v) => Math.abs(u) <= (v + 1) / 2,
  square: (u, v) => Math.abs(u) <= 0.85 && Math.abs(v) <= 0.85,
  diamond: (u, v) => Math.abs(u) + Math.abs(v) <= 1,
};

function drawEmblem(
  canvas: Canvas,
  hazard: Hazard,
  place: { readonly x: number; readonly y: number; readonly module: number },
): void {
  const { x, y, module } = place;
  const emblem = emblems.find((candidate) => candidate.hazard === hazard)!;
  const box = (column: number, row: number, width: number, height: number) => ({
    x: x + column * module,
    y: y + row * module,
    width: width * module,
    height: height * module,
  });
  fillRectangle(canvas, box(0, 0, tileModules, tileModules), black);
  fillRectangle(canvas, box(1, 1, tileModules - 2, tileModules - 2), white);
  const middle = { x: x + 6 * module - 0.5, y: y + 5 * module - 0.5, radius: 2.9 * module };
  fillShape(canvas, middle, insides[emblem.shape], () => emblem.colour);
  for (let i = 0; i < codeLength; i++)
    if ((emblem.code >> i) & 1) fillRectangle(canvas, box(codeStart + i, codeRow, 1, 1), black);
}

/** Corners first, so that the usual one or two emblems leave the middle of the scene free. */
const corners: readonly (readonly [column: number, row: number])[] = [
  [0, 0],
  [3, 0],
  [0, 3],
  [3, 3],
];

/** Draws one emblem for each hazard, in cells of its own, with size and place varied within the cell. */
export function drawEmblems(canvas: Canvas, hazards: readonly Hazard[], random: Random): void {
  const { cell, modules } = gridMeasures(canvas.size);
  const others = Array.from(
    { length: gridCells * gridCells },
    (_, i) => [i % gridCells, Math.floor(i / gridCells)] as const,
  ).filter(([column, row]) => !corners.some((corner) => corner[0] === column && corner[1] === row));
  const start = Math.floor(random() * corners.length);
  const cells = [...corners.map((_, i) => corners[(start + i) % corners.length]!), ...others];
  for (const [i, hazard] of hazards.entries()) {
    const [column, row] = cells[i]!;
    const module = pick(random, modules);
    const free = cell - module * tileModules;
    drawEmblem(canvas, hazard, {
      x: column * cell + Math.floor(random() * (free + 1)),
      y: row * cell + Math.floor(random() * (free + 1)),
      module,
    });
  }
}
