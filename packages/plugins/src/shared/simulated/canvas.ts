/** A square RGB picture in floating point, 0 to 255, so that faint traces survive until the last rounding. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Canvas {
  readonly size: number;
  /** [size × size × 3], interleaved, row by row from the top left. */
  readonly data: Float32Array;
}

export const createCanvas = (size: number): Canvas => ({ size, data: new Float32Array(size * size * 3) });

function set({ size, data }: Canvas, x: number, y: number, colour: Colour): void {
  const at = (y * size + x) * 3;
  data[at] = colour[0];
  data[at + 1] = colour[1];
  data[at + 2] = colour[2];
}

/** A rectangle in whole pixels; the parts outside the canvas are left out. */
export function fillRectangle(
  canvas: Canvas,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  colour: Colour,
): void {
  const right = Math.min(canvas.size, box.x + box.width);
  const bottom = Math.min(canvas.size, box.y + box.height);
  for (let y = Math.max(0, box.y); y < bottom; y++)
    for (let x = Math.max(0, box.x); x < right; x++) set(canvas, x, y, colour);
}

/** Every pixel of the box for which `inside` holds, `inside` taking coordinates from -1 to 1 over the box. */
export function fillShape(
  canvas: Canvas,
  centre: { readonly x: number; readonly y: number; readonly radius: number },
  inside: (u: number, v: number) => boolean,
  colour: (u: number, v: number) => Colour,
): void {
  const { x: cx, y: cy, radius } = centre;
  const [left, right] = [Math.max(0, Math.ceil(cx - radius)), Math.min(canvas.size - 1, Math.floor(cx + radius))];
  const [top, bottom] = [Math.max(0, Math.ceil(cy - radius)), Math.min(canvas.size - 1, Math.floor(cy + radius))];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const u = (x - cx) / radius;
      const v = (y - cy) / radius;
      if (inside(u, v)) set(canvas, x, y, colour(u, v));
    }
  }
}

export const mix = (a: Colour, b: Colour, t: number): Colour => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** Hue in turns; saturation and value from 0 to 1. The usual HSV hexcone (Smith 1978). */
export function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (n: number) => {
    const k = (n + hue * 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}
