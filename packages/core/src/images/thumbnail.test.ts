import { describe, expect, it } from 'vitest';
import { sharp } from './codec.ts';
import { mostThumbnailBytes, thumbnailDataUri } from './thumbnail.ts';

/** Noise is the worst case for a codec. */
const noise = Uint8Array.from({ length: 400 * 300 * 3 }, (_, index) => (Math.imul(index + 1, 2654435761) >>> 13) & 255);

describe('thumbnailDataUri', () => {
  it('keeps even noise under the limit and within 160 pixels', async () => {
    const png = await sharp(noise, { raw: { width: 400, height: 300, channels: 3 } })
      .png()
      .toBuffer();
    const uri = await thumbnailDataUri(png);
    expect(uri.length).toBeLessThanOrEqual(mostThumbnailBytes);
    const { width, height, format } = await sharp(Buffer.from(uri.split(',')[1]!, 'base64')).metadata();
    expect({ format, isSmall: Math.max(width, height) <= 160 }).toEqual({ format: 'webp', isSmall: true });
  });

  it('rejects what is no image', async () => {
    await expect(thumbnailDataUri(new Uint8Array(10))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
