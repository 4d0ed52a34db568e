import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recompressionSchema } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../text/canonical-json.ts';
import { applyProtocol, centreCrop, type FormatProfile, type ProtocolInput, profileOf } from './protocols.ts';
import { readImageInfo } from './read-image-info.ts';

const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 10_000_000 };
const golden = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', name));
const recompression = recompressionSchema.parse({ size: 32, qualities: [70, 80, 90] });
const inputFor = (bytes: Uint8Array, more: Partial<ProtocolInput> = {}): ProtocolInput => ({
  sha256: sha256Hex(bytes),
  side: 'synthetic',
  recompression,
  limits,
  authenticProfiles: [],
  ...more,
});

describe('all-recompressed', () => {
  it('turns every image into a JPEG of one size, with a quality of the grid and no metadata, the same every time', async () => {
    const qualities = new Set<number | undefined>();
    for (const name of [
      'rgba.png',
      'rgb-444.jpg',
      'cmyk.jpg',
      'orientation-6.jpg',
      'lossy.webp',
      'animated.gif',
      'grey.png',
      'profile.jpg',
    ]) {
      const bytes = await golden(name);
      const first = await applyProtocol('all-recompressed', bytes, inputFor(bytes));
      const again = await applyProtocol('all-recompressed', bytes, inputFor(bytes, { side: 'authentic' }));
      expect(sha256Hex(again)).toBe(sha256Hex(first));
      const info = await readImageInfo(first, limits);
      expect(info).toMatchObject({
        container: 'jpeg',
        width: 32,
        height: 32,
        chroma: '4:2:0',
        hasExif: false,
        hasProfile: false,
        progressive: false,
        channels: 3,
      });
      expect(info.quantisation?.standard).toBe(true);
      qualities.add(info.quantisation?.quality);
    }
    for (const quality of qualities) expect(recompression.qualities).toContain(quality);
    expect(qualities.size).toBeGreaterThan(1);
  });

  it('refuses a truncated image', async () => {
    const bytes = (await golden('rgb.png')).subarray(0, 900);
    await expect(applyProtocol('all-recompressed', bytes, inputFor(bytes))).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
    });
  });
});

describe('fakes-matched', () => {
  it('gives a synthetic image the format, quality, chroma and size of an authentic one, and leaves authentic ones alone', async () => {
    const bytes = await golden('rgb.png');
    const authenticProfiles = [profileOf(await readImageInfo(await golden('rgb-444.jpg'), limits))];
    const matched = await applyProtocol('fakes-matched', bytes, inputFor(bytes, { authenticProfiles }));
    expect(await readImageInfo(matched, limits)).toMatchObject({
      container: 'jpeg',
      width: 53,
      height: 37,
      chroma: '4:4:4',
      quantisation: { quality: 80 },
    });
    expect(await applyProtocol('fakes-matched', bytes, inputFor(bytes, { authenticProfiles, side: 'authentic' }))).toBe(
      bytes,
    );
  });

  it('draws the profile by digest', async () => {
    const bytes = await golden('rgb.png');
    const profile = (height: number): FormatProfile => ({
      container: 'png',
      width: 20,
      height,
      quality: 100,
      chroma: '4:4:4',
    });
    const heights = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const input = inputFor(bytes, {
        sha256: sha256Hex(String(i)),
        authenticProfiles: [profile(10), profile(20), profile(30)],
      });
      heights.add((await readImageInfo(await applyProtocol('fakes-matched', bytes, input), limits)).height);
    }
    expect([...heights].sort((a, b) => a - b)).toEqual([10, 20, 30]);
  });

  it('needs authentic images', async () => {
    const bytes = await golden('rgb.png');
    await expect(applyProtocol('fakes-matched', bytes, inputFor(bytes))).rejects.toMatchObject({
      code: 'IMAGES_FOLDER_INVALID',
    });
  });
});

it('as-received gives the very same bytes', async () => {
  const bytes = await golden('rgb.png');
  expect(await applyProtocol('as-received', bytes, inputFor(bytes))).toBe(bytes);
});

it.each([
  [100, 50, 1, { left: 25, top: 0, width: 50, height: 50 }],
  [50, 100, 1, { left: 0, top: 25, width: 50, height: 50 }],
  [10, 10, 2, { left: 0, top: 2, width: 10, height: 5 }],
  [1, 1, 16 / 9, { left: 0, top: 0, width: 1, height: 1 }],
])('the centre of %d×%d at aspect %d', (width, height, aspect, expected) => {
  expect(centreCrop(width, height, aspect)).toEqual(expected);
});
