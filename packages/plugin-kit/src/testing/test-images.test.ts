import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodePng } from '../png.ts';
import { fakeContext } from './fake-context.ts';
import { gradientImage, noiseImage, presentedFromPng, presentedFromRaster, solidImage } from './test-images.ts';

describe('test images', () => {
  it('are PNG files whose pixels, digest and headers agree', async () => {
    const image = gradientImage({ width: 5, height: 3 });
    expect(decodePng(image.bytes)).toEqual(await image.raster());
    expect(image.sha256).toBe(createHash('sha256').update(image.bytes).digest('hex'));
    expect(image.info).toMatchObject({ container: 'png', width: 5, height: 3, sizeBytes: image.bytes.length });
    expect(await presentedFromPng(image.bytes).raster()).toEqual(await image.raster());
  });

  it('give the same noise for the same seed only', () => {
    expect(noiseImage(3).sha256).toBe(noiseImage(3).sha256);
    expect(noiseImage(3).sha256).not.toBe(noiseImage(4).sha256);
  });

  it('treat alpha as asked', async () => {
    const image = presentedFromRaster({ width: 1, height: 1, channels: 4, data: Uint8Array.of(100, 0, 200, 51) });
    expect([...(await image.raster()).data]).toEqual([100, 0, 200]);
    expect([...(await image.raster({ alpha: 'white' })).data]).toEqual([224, 204, 244]);
    expect((await image.raster({ alpha: 'keep' })).channels).toBe(4);
    expect((await solidImage([1, 2, 3]).raster({ alpha: 'keep' })).channels).toBe(3);
  });
});

describe('fakeContext', () => {
  it('gives what it was given and throws at anything else', async () => {
    const context = fakeContext({ secrets: { KEY: 'k' }, weights: { w: Uint8Array.of(1) } });
    expect(context.secret('KEY')).toBe('k');
    expect(await context.weights('w')).toEqual(Uint8Array.of(1));
    expect(() => context.secret('OTHER')).toThrow('did not give');
    await expect(context.weights('other')).rejects.toThrow('did not give');
    await expect(context.fetch('https://example.org')).rejects.toThrow('did not give');
    expect(() => context.runtime.load({ name: 'g', inputs: [], nodes: [], outputs: [] }, {}, 1)).toThrow('did not give');
  });
});
