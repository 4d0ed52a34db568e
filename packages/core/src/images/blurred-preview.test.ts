import { describe, expect, it } from 'vitest';
import { blurredPreview } from './blurred-preview.ts';
import { sharp } from './codec.ts';

describe('blurredPreview', () => {
  it('destroys detail for good: a sharp edge is spread over many pixels', async () => {
    const half = Buffer.alloc(200 * 100 * 3);
    for (let at = 0; at < half.length; at++) half[at] = at % (200 * 3) < 300 ? 0 : 255;
    const png = await sharp(half, { raw: { width: 200, height: 100, channels: 3 } })
      .png()
      .toBuffer();
    const { data, info } = await sharp(await blurredPreview(png))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([384, 192]);
    const row = Array.from({ length: info.width }, (_, x) => data[(96 * info.width + x) * info.channels]!);
    const steepest = Math.max(...row.slice(1).map((value, x) => Math.abs(value - row[x]!)));
    expect(row[0]).toBeLessThan(30);
    expect(row.at(-1)).toBeGreaterThan(225);
    expect(steepest).toBeLessThan(20);
  });

  it('leaves no silhouette: a figure a third as wide as the picture melts into its ground', async () => {
    const side = 240;
    const isFigure = (x: number, y: number): boolean => x >= 80 && x < 160 && y >= 40;
    const figure = Buffer.from(Array.from({ length: side * side }, (_, at) => (isFigure(at % side, Math.floor(at / side)) ? 255 : 0))); // biome-ignore format: one line
    const png = await sharp(figure, { raw: { width: side, height: side, channels: 1 } })
      .png()
      .toBuffer();
    const { data, info } = await sharp(await blurredPreview(png))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const row = Array.from({ length: info.width }, (_, x) => data[((info.height / 2) * info.width + x) * info.channels]!);
    // One of the 24 pixels is 16 wide here: a picture of 24 pixels has its whole edge within two of them.
    const steps = row.slice(16).map((value, x) => Math.abs(value - row[x]!));
    expect(Math.max(...steps)).toBeLessThan(255 / 6);
  });

  it('refuses what is no image', async () => {
    await expect(blurredPreview(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
