/**
 * Pictures that show the words of the prompt instead of its scene: a plain ground, and on it many small marks of about
 * one height in rows. No reading of letters, so that every script counts.
 */
import type { GreyImage } from './grey-image.ts';

/** Brightness levels around the most frequent one that count as ground, and how far ink must be from it. */
const groundReach = 24;
const inkDistance = 60;
const fewestMarks = 8;

interface Mark {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** 0 to 1: share of ground, times the share of the ink's marks that stand in rows of marks of one height. 0 where there is little of either. */
export function letteringShare(image: GreyImage): number {
  const { luma, width, height } = image;
  const ground = groundLevel(luma);
  let groundPixels = 0;
  const ink = new Uint8Array(luma.length);
  for (let i = 0; i < luma.length; i++) {
    const distance = Math.abs(luma[i]! - ground);
    if (distance <= groundReach) groundPixels += 1;
    else if (distance >= inkDistance) ink[i] = 1;
  }
  const groundShare = groundPixels / luma.length;
  if (groundShare < 0.5) return 0;
  const marks = marksOf(ink, width, height).filter((mark) => isLetterSized(mark, width, height));
  if (marks.length < fewestMarks) return 0;
  return groundShare * rowShare(marks);
}

/** Middle of the 17 neighbouring levels that hold most pixels. */
function groundLevel(luma: Float32Array): number {
  const counts = new Uint32Array(256);
  for (const value of luma) counts[Math.min(255, Math.max(0, Math.round(value)))]! += 1;
  let [best, most] = [0, -1];
  for (let level = 0; level < 256; level++) {
    let sum = 0;
    for (let near = Math.max(0, level - 8); near <= Math.min(255, level + 8); near++) sum += counts[near]!;
    if (sum > most) [best, most] = [level, sum];
  }
  return best;
}

const isLetterSized = ({ top, bottom, left, right }: Mark, width: number, height: number): boolean => {
  const [w, h] = [right - left + 1, bottom - top + 1];
  return h >= 4 && h <= height / 4 && w >= 1 && w <= width / 4 && w <= 4 * h && h <= 12 * w;
};

/** Boxes around the 8-connected regions of ink. `ink` is used up. */
function marksOf(ink: Uint8Array, width: number, height: number): Mark[] {
  const marks: Mark[] = [];
  const stack: number[] = [];
  for (let start = 0; start < ink.length; start++) {
    if (ink[start] === 0) continue;
    let [top, bottom, left, right] = [height, 0, width, 0];
    ink[start] = 0;
    stack.push(start);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y), Math.min(left, x), Math.max(right, x)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (ink[next] === 0) continue;
          ink[next] = 0;
          stack.push(next);
        }
    }
    marks.push({ top, bottom, left, right });
  }
  return marks;
}

/** Share of marks that have at least three others with their middle in the same row and about their height. */
function rowShare(marks: readonly Mark[]): number {
  const sorted = [...marks].sort((a, b) => a.top + a.bottom - (b.top + b.bottom));
  const middle = ({ top, bottom }: Mark): number => (top + bottom) / 2;
  let inRows = 0;
  for (const [place, mark] of sorted.entries()) {
    const tall = mark.bottom - mark.top + 1;
    let fellows = 0;
    for (const direction of [-1, 1])
      for (let other = place + direction; other >= 0 && other < sorted.length; other += direction) {
        const neighbour = sorted[other]!;
        if (Math.abs(middle(neighbour) - middle(mark)) > tall / 2) break;
        const ratio = (neighbour.bottom - neighbour.top + 1) / tall;
        if (ratio > 0.5 && ratio < 2) fellows += 1;
        if (fellows >= 3) break;
      }
    if (fellows >= 3) inRows += 1;
  }
  return inRows / marks.length;
}
