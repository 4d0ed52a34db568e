import { describe, expect, it } from 'vitest';
import { blurredPreview } from './blurred-preview.ts';
import { greyPng, middleRow, steepest } from './test-images.ts';

describe('blurredPreview', () => {
  it('destroys detail for good: a sharp edge is spread over many pixels', async () => {
    const { width, height, row } = await middleRow(await blurredPreview(await greyPng(200, 100, (x) => x >= 100)));
    expect([width, height]).toEqual([384, 192]);
    expect(row[0]).toBeLessThan(30);
    expect(row.at(-1)).toBeGreaterThan(225);
    expect(steepest(row)).toBeLessThan(20);
  });

  it('leaves no silhouette: a figure a third as wide as the picture melts into its ground', async () => {
    const figure = await greyPng(240, 240, (x, y) => x >= 80 && x < 160 && y >= 40);
    const { row } = await middleRow(await blurredPreview(figure));
    // One of the 24 pixels is 16 wide here: a picture of 24 pixels has its whole edge within two of them.
    expect(steepest(row, 16)).toBeLessThan(255 / 6);
  });

  it('refuses what is no image', async () => {
    await expect(blurredPreview(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
