/** Images for tests, made with the codec rather than committed. */
import { sharp } from './codec.ts';

export const sharpJpeg = async (rgb: Uint8Array, width: number, height: number, quality = 90): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, mozjpeg: false })
      .toBuffer(),
  );

/** A black picture that is white where `isWhite` says so. */
export async function greyPng(width: number, height: number, isWhite: (x: number, y: number) => boolean): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: width * height }, (_, at) => (isWhite(at % width, Math.floor(at / width)) ? 255 : 0))); // biome-ignore format: one line
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

/** The first channel of the pixels halfway down. */
export async function middleRow(bytes: Uint8Array): Promise<{ width: number; height: number; row: number[] }> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const row = Array.from({ length: width }, (_, x) => data[(Math.floor(height / 2) * width + x) * channels]!);
  return { width, height, row };
}

/** The largest difference of two numbers that lie `apart`. */
export const steepest = (row: readonly number[], apart = 1): number =>
  Math.max(...row.slice(apart).map((value, x) => Math.abs(value - row[x]!)));
