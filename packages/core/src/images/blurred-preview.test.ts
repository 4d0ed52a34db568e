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

  it('refuses what is no image', async () => {
    await expect(blurredPreview(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
