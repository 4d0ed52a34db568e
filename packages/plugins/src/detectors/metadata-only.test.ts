import type { ImageInfo, PresentedImage } from '@diptych/plugin-kit';
import { describeDetector, sampleImages } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import metadataOnly from './metadata-only.ts';

describeDetector(metadataOnly, { options: {}, images: sampleImages() });

const png: ImageInfo = {
  container: 'png',
  width: 1024,
  height: 512,
  channels: 3,
  bitsPerChannel: 8,
  hasAlpha: false,
  hasProfile: false,
  hasExif: false,
  hasC2pa: false,
  orientation: 1,
  frames: 1,
  sizeBytes: 1024 * 512 * 2 - 1,
};
const jpeg: ImageInfo = {
  ...png,
  container: 'jpeg',
  width: 730,
  height: 547,
  hasExif: true,
  chroma: '4:2:0',
  progressive: true,
  quantisation: { lumaMean: 12.5, chromaMean: 20.25, quality: 90, standard: true },
};

async function measure(info: ImageInfo): Promise<Record<string, number>> {
  // Reading pixels or bytes would throw: there are none.
  const image = { info, sha256: '' } as PresentedImage;
  const detector = await metadataOnly.create({}, undefined as never);
  const [detection] = await detector.detect([image], new AbortController().signal);
  if (detection?.status !== 'features') throw new Error('no features');
  return Object.fromEntries(metadataOnly.features!.map((name, index) => [name, detection.features[index]!]));
}

describe('metadata-only', () => {
  it('reads size, container and bytes per pixel of a PNG', async () => {
    const features = await measure(png);
    expect(features).toMatchObject({
      'container-png': 1,
      'container-jpeg': 0,
      'log-aspect': Math.log(2),
      'sides-multiple-of-64': 1,
      'is-square': 0,
      'jpeg-quality': 0,
    });
    expect(features['log-bytes-per-pixel']).toBeCloseTo(Math.log(2), 12);
  });

  it('reads quantisation, chroma and tags of a JPEG', async () => {
    expect(await measure(jpeg)).toMatchObject({
      'container-jpeg': 1,
      'chroma-4:2:0': 1,
      'chroma-4:4:4': 0,
      'is-progressive': 1,
      'has-exif': 1,
      'quantisation-luma-mean': 12.5,
      'quantisation-chroma-mean': 20.25,
      'jpeg-quality': 90,
      'standard-quantisation': 1,
      'sides-multiple-of-64': 0,
    });
  });

  it('stays finite for an empty file and a grey JPEG without chroma tables', async () => {
    const grey: ImageInfo = {
      ...jpeg,
      channels: 1,
      sizeBytes: 0,
      quantisation: { lumaMean: 1, quality: 100, standard: false },
    };
    expect(Object.values(await measure(grey)).every(Number.isFinite)).toBe(true);
  });

  it('is the control and was trained on nothing', () => {
    expect(metadataOnly.control).toBe(true);
    expect(metadataOnly.trainedOn).toEqual([]);
  });
});
