/** From the detector's numbers to boxes of faces, and from a picture to the squares that the networks take. */
import type { RasterImage } from '@diptych/plugin-kit';
import { anchors, boxNumbers, cells } from './graphs.ts';

/** In pixels of the square that was shown to the detector, 0 to 1 of its side. */
export interface Box {
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** YOLO v2's decoding (arXiv 1612.08242, section 2): centre by sigmoid within the cell, size by anchor × exp. `numbers` is [anchors × 5, cells, cells]. */
export function decodeBoxes(numbers: Float32Array, scoreThreshold: number): Box[] {
  const boxes: Box[] = [];
  const plane = cells * cells;
  for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
    const at = (part: number, cell: number): number => numbers[(anchor * boxNumbers + part) * plane + cell]!;
    for (let cell = 0; cell < plane; cell++) {
      const score = sigmoid(at(4, cell));
      if (score <= scoreThreshold) continue;
      const x = ((cell % cells) + sigmoid(at(0, cell))) / cells;
      const y = (Math.floor(cell / cells) + sigmoid(at(1, cell))) / cells;
      const width = (Math.exp(at(2, cell)) * anchorWidth) / cells;
      const height = (Math.exp(at(3, cell)) * anchorHeight) / cells;
      boxes.push({ score, left: x - width / 2, top: y - height / 2, width, height });
    }
  }
  return boxes;
}

/** Keeps the best box of each group that overlaps by more than `threshold` (intersection over union; face-api: 0.4). */
export function suppressOverlaps(boxes: readonly Box[], threshold: number): Box[] {
  const kept: Box[] = [];
  for (const box of [...boxes].sort((a, b) => b.score - a.score))
    if (kept.every((other) => overlap(box, other) <= threshold)) kept.push(box);
  return kept;
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** The picture on a black square; in its middle, or at the top left as the detector was trained. */
export function squareOf(image: RasterImage, isCentred: boolean): RasterImage {
  const side = Math.max(image.width, image.height);
  if (image.width === image.height) return image;
  const data = new Uint8Array(side * side * image.channels);
  const left = isCentred ? Math.floor((side - image.width) / 2) : 0;
  const top = isCentred ? Math.floor((side - image.height) / 2) : 0;
  const row = image.width * image.channels;
  for (let y = 0; y < image.height; y++)
    data.set(image.data.subarray(y * row, (y + 1) * row), ((y + top) * side + left) * image.channels);
  return { width: side, height: side, channels: image.channels, data };
}

/** What a box covers of the picture, whole pixels, cut at its borders; undefined where nothing is left. */
export function cropOf(image: RasterImage, box: Box, side: number): RasterImage | undefined {
  const left = Math.max(0, Math.floor(box.left * side));
  const top = Math.max(0, Math.floor(box.top * side));
  const right = Math.min(image.width, Math.floor((box.left + box.width) * side));
  const bottom = Math.min(image.height, Math.floor((box.top + box.height) * side));
  const [width, height] = [right - left, bottom - top];
  if (width < 8 || height < 8) return undefined;
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    data.set(image.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}
