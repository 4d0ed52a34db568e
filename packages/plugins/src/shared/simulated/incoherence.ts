/** Tells patches from scenes: in a scene neighbouring blocks mostly continue each other, among patches they do not. */
import { captionMeasures } from './emblem-code.ts';
import { type Brightness, type FoundEmblem, meanOf } from './emblem-reading.ts';

/** Blocks of a 64th of the side: half the narrowest patch. */
const blocks = 64;

/** Share of neighbouring blocks, caption and emblems left out, whose mean brightness differs by more than 12 levels. */
export function brokenShare(brightness: Brightness, emblems: readonly FoundEmblem[]): number {
  const { size } = brightness;
  const side = Math.max(2, Math.floor(size / blocks));
  const rows = Math.floor((size - captionMeasures(size).height) / side);
  const isCovered = (x: number, y: number) =>
    emblems.some((e) => x + 2 * side > e.x && x < e.x + e.side && y + 2 * side > e.y && y < e.y + e.side);
  let broken = 0;
  let count = 0;
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; (column + 2) * side <= size; column++) {
      const [x, y] = [column * side, row * side];
      if (isCovered(x, y)) continue;
      const here = meanOf(brightness, x, y, side);
      const differs = (otherX: number, otherY: number) => Math.abs(meanOf(brightness, otherX, otherY, side) - here) > 12;
      broken += Number(differs(x + side, y)) + Number(differs(x, y + side));
      count += 2;
    }
  }
  return count === 0 ? 0 : broken / count;
}

/** 0 to 1, 0.5 at `middleShare`. Both constants were set between the two groups, see incoherence.test.ts. */
const middleShare = 0.2;
const steepness = 40;
export const corruptionScoreOf = (share: number): number => 1 / (1 + Math.exp(-steepness * (share - middleShare)));
