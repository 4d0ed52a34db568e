/** What simulated pictures show: a coherent landscape with a few objects, or patches that make no scene at all. */
import { pick, type Random } from '../seeded.ts';
import { type Canvas, type Colour, fillRectangle, fillShape, hsv, mix } from './canvas.ts';

const shapes: readonly ((u: number, v: number) => boolean)[] = [
  (u, v) => u * u + v * v <= 1,
  (u, v) => v >= -0.9 && v <= 0.9 && Math.abs(u) <= (v + 0.9) / 1.8,
  (u, v) => Math.abs(u) <= 0.75 && Math.abs(v) <= 0.75,
  (u, v) => Math.abs(u) + Math.abs(v) <= 1,
];

function drawLand(canvas: Canvas, random: Random): void {
  const { size, data } = canvas;
  const sky = [hsv(0.5 + 0.25 * random(), 0.35 + 0.3 * random(), 0.75), hsv(random(), 0.15, 0.95)] as const;
  const ground = [hsv(0.05 + 0.35 * random(), 0.4, 0.6), hsv(0.05 + 0.35 * random(), 0.5, 0.3)] as const;
  const horizon = 0.4 + 0.3 * random();
  const hills = Array.from({ length: 3 }, (_, i) => ({
    height: (0.05 * random()) / (i + 1),
    waves: (i + 1) * (1 + 2 * random()),
    phase: 7 * random(),
  }));
  const edge = Float32Array.from(
    { length: size },
    (_, x) =>
      size *
      (horizon +
        hills.reduce((sum, hill) => sum + hill.height * Math.sin((2 * Math.PI * hill.waves * x) / size + hill.phase), 0)),
  );
  for (let y = 0; y < size; y++) {
    const above = mix(sky[0], sky[1], y / size);
    const below = mix(ground[0], ground[1], y / size);
    for (let x = 0, at = y * size * 3; x < size; x++, at += 3) {
      const share = Math.min(1, Math.max(0, y - edge[x]! + 0.5));
      for (let c = 0; c < 3; c++) data[at + c] = above[c]! + (below[c]! - above[c]!) * share;
    }
  }
}

/**
 * `composition` comes from the prompt, so that pictures of one prompt resemble each other; `variation` from the
 * seed. All edges are few and large: that is what the incoherence measure relies on.
 */
export function drawScene(canvas: Canvas, composition: Random, variation: Random): void {
  drawLand(canvas, composition);
  const { size } = canvas;
  const objects = 2 + Math.floor(composition() * 4);
  for (let i = 0; i < objects; i++) {
    const inside = pick(composition, shapes);
    const base = hsv((composition() + 0.05 * variation()) % 1, 0.4 + 0.4 * composition(), 0.5 + 0.4 * composition());
    const place = {
      x: size * (0.15 + 0.7 * composition() + 0.06 * (variation() - 0.5)),
      y: size * (0.25 + 0.5 * composition() + 0.06 * (variation() - 0.5)),
    };
    const radius = size * (0.06 + 0.1 * composition());
    fillShape(canvas, { ...place, radius }, inside, (u, v) => mix(base, [255, 255, 255], 0.18 * (1 - (u + v) / 2)));
  }
}

/** Side of a patch as a share of the picture: small enough that no patch can pass for a scene. */
const patchShare = 1 / 16;

/** Patches of unrelated colours, stripes and specks: no coherent scene. */
export function drawIncoherence(canvas: Canvas, random: Random): void {
  const side = Math.max(8, Math.round(canvas.size * patchShare));
  for (let y = 0; y < canvas.size; y += side) {
    for (let x = 0; x < canvas.size; x += side) {
      const [a, b]: readonly Colour[] = [hsv(random(), random(), random()), hsv(random(), random(), random())];
      fillRectangle(canvas, { x, y, width: side, height: side }, a!);
      const stripe = Math.max(2, Math.round(side * (0.12 + 0.2 * random())));
      const isUpright = random() < 0.5;
      for (let from = stripe; from < side; from += stripe * 2) {
        fillRectangle(
          canvas,
          isUpright ? { x: x + from, y, width: stripe, height: side } : { x, y: y + from, width: side, height: stripe },
          b!,
        );
      }
    }
  }
}
