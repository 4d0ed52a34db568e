/** The band that says SIMULATED in every simulated picture, in a five by seven bitmap font of our own. */
import type { RasterImage } from '@diptych/plugin-kit';
import { type Canvas, fillRectangle } from './canvas.ts';
import { captionMeasures } from './emblem-code.ts';

/** Rows from the top; `#` is lit. */
const glyphs: Readonly<Record<string, readonly string[]>> = {
  S: ['.####', '#....', '#....', '.###.', '....#', '....#', '####.'],
  I: ['.###.', '..#..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  M: ['#...#', '##.##', '#.#.#', '#.#.#', '#...#', '#...#', '#...#'],
  U: ['#...#', '#...#', '#...#', '#...#', '#...#', '#...#', '.###.'],
  L: ['#....', '#....', '#....', '#....', '#....', '#....', '#####'],
  A: ['.###.', '#...#', '#...#', '#####', '#...#', '#...#', '#...#'],
  T: ['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..'],
  E: ['#####', '#....', '#....', '####.', '#....', '#....', '#####'],
  D: ['####.', '#...#', '#...#', '#...#', '#...#', '#...#', '####.'],
};
const word = 'SIMULATED';

/** Unscaled columns × 7 of the whole word, true where lit. */
const bitmap: readonly (readonly boolean[])[] = Array.from({ length: 7 }, (_, row) =>
  word.split('').flatMap((letter) => `${glyphs[letter]![row]!}.`.split('').map((dot) => dot === '#')),
);
const columns = bitmap[0]!.length;

/** Draws the band over the bottom of the picture. */
export function drawCaption(canvas: Canvas): void {
  const { scale, height } = captionMeasures(canvas.size);
  const top = canvas.size - height;
  fillRectangle(canvas, { x: 0, y: top, width: canvas.size, height }, [12, 12, 12]);
  for (const [row, lit] of bitmap.entries()) {
    for (const [column, on] of lit.entries()) {
      if (on)
        fillRectangle(
          canvas,
          { x: (column + 2) * scale, y: top + (row + 1) * scale, width: scale, height: scale },
          [244, 244, 244],
        );
    }
  }
}

/** Share of the dots that must read as drawn. Half would be chance; JPEG at quality 50 keeps over 97 %. */
const neededShare = 0.9;

/** Whether a square picture carries the caption where `drawCaption` puts it. */
export function hasCaption({ width, height: rows, channels, data }: RasterImage): boolean {
  const { scale, height } = captionMeasures(width);
  if (width !== rows || width < (columns + 2) * scale) return false;
  let right = 0;
  for (const [row, lit] of bitmap.entries()) {
    for (const [column, on] of lit.entries()) {
      const x = Math.floor((column + 2.5) * scale);
      const y = width - height + Math.floor((row + 1.5) * scale);
      const green = data[(y * width + x) * channels + 1]!;
      if (green > 128 === on) right += 1;
    }
  }
  return right >= neededShare * columns * bitmap.length;
}
