import { describe, expect, it } from 'vitest';
import { sharp } from './codec.ts';
import { greyPng, middleRow, steepest } from './test-images.ts';
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
    const { clear, blurred } = await thumbnailOf(await greyPng(200, 100, (x) => x >= 100));
    const steepestOf = async (uri: string): Promise<number> => {
      const { width, height, row } = await middleRow(Buffer.from(uri.split(',')[1]!, 'base64'));
      expect([width, height]).toEqual([160, 80]);
      return steepest(row);
    };
    expect(await steepestOf(clear)).toBeGreaterThan(90);
    expect(await steepestOf(blurred)).toBeLessThan(10);
    expect(blurred.length).toBeLessThan(1024);
  });

  it('rejects what is no image', async () => {
    await expect(thumbnailOf(new Uint8Array(10))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
