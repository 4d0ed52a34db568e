/**
 * Pictures as programs draw them: a white ground, even rows of thin dark lines, a code of black and white cells, a few filled rectangles.
 * Wide areas are exactly alike and edges are hard, which noise of any kind is not, and what a network makes of them is rounded more.
 */
import { randomNumbers } from '../kernels/case.ts';

const [rows, cells, filled] = [14, 21, 2];

/** `[height, width, channels]` from −1 to 1, the same on every machine. */
export function drawing(width: number, height: number, channels: number, seed: number): Float32Array {
  const data = new Float32Array(height * width * channels).fill(1);
  const random = randomNumbers(4 + filled * (4 + channels) + cells * cells, seed).map((value) => (value + 1) / 2);
  const fill = (left: number, top: number, right: number, bottom: number, colour: (channel: number) => number): void => {
    for (let y = Math.round(top * height); y < Math.min(height, Math.round(bottom * height)); y++)
      for (let x = Math.round(left * width); x < Math.min(width, Math.round(right * width)); x++)
        for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = colour(c);
  };
  let at = 0;
  const next = (): number => random[at++]!;
  const [indent, end] = [0.2 * next(), 0.5 + 0.3 * next()];
  for (let row = 0; row < rows; row++) fill(indent, row / rows, end, (row + 1 / 8) / rows, () => -0.8);
  for (let rectangle = 0; rectangle < filled; rectangle++) {
    const [left, top, right, bottom] = [next(), next(), next(), next()];
    const colour = Array.from({ length: channels }, () => 2 * next() - 1);
    fill(0.8 * left, 0.8 * top, 0.8 * left + 0.3 * right, 0.8 * top + 0.3 * bottom, (c) => colour[c]!);
  }
  const [left, top, side] = [0.6 * next(), 0.6 * next(), 0.3 / cells];
  for (let cell = 0; cell < cells * cells; cell++) {
    const [x, y, shade] = [left + (cell % cells) * side, top + Math.floor(cell / cells) * side, next() < 0.5 ? -1 : 1];
    fill(x, y, x + side, y + side, () => shade);
  }
  return data;
}
