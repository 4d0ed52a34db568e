import { describe, expect, it } from 'vitest';
import { sharp } from './codec.ts';
import { mostThumbnailBytes, thumbnailOf } from './thumbnail.ts';

/** Noise is the worst case for a codec. */
const noise = Uint8Array.from({ length: 400 * 300 * 3 }, (_, index) => (Math.imul(index + 1, 2654435761) >>> 13) & 255);

describe('thumbnailOf', () => {
  it('keeps even noise under the limit and within 160 pixels', async () => {
    const png = await sharp(noise, { raw: { width: 400, height: 300, channels: 3 } })
      .png()
      .toBuffer();
    const { clear: uri } = await thumbnailOf(png);
    expect(uri.length).toBeLessThanOrEqual(mostThumbnailBytes);
    const { width, height, format } = await sharp(Buffer.from(uri.split(',')[1]!, 'base64')).metadata();
    expect({ format, isSmall: Math.max(width, height) <= 160 }).toEqual({ format: 'webp', isSmall: true });
  });

  it('blurs for good: an edge is spread over many pixels, in less than a kilobyte', async () => {
    const half = Buffer.alloc(200 * 100 * 3);
    for (let at = 0; at < half.length; at++) half[at] = at % (200 * 3) < 300 ? 0 : 255;
    const png = await sharp(half, { raw: { width: 200, height: 100, channels: 3 } })
      .png()
      .toBuffer();
    const { clear, blurred } = await thumbnailOf(png);
    const steepest = async (uri: string): Promise<number> => {
      const { data, info } = await sharp(Buffer.from(uri.split(',')[1]!, 'base64'))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([160, 80]);
      const row = Array.from({ length: info.width }, (_, x) => data[(40 * info.width + x) * info.channels]!);
      return Math.max(...row.slice(1).map((value, x) => Math.abs(value - row[x]!)));
    };
    expect(await steepest(clear)).toBeGreaterThan(90);
    expect(await steepest(blurred)).toBeLessThan(10);
    expect(blurred.length).toBeLessThan(1024);
  });

  it('rejects what is no image', async () => {
    await expect(thumbnailOf(new Uint8Array(10))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
