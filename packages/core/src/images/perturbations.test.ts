import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Protocol, type RasterImage, recompressionSchema } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../metrics/random.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { sharp } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import { middleOf } from './perturbations.ts';
import { applyProtocol, type ProtocolInput } from './protocols.ts';
import { readImageInfo } from './read-image-info.ts';

const limits = { maxImageBytes: 2 ** 25, maxImagePixels: 10_000_000 };
const golden = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', name));

const inputFor = (bytes: Uint8Array, side: ProtocolInput['side'] = 'synthetic'): ProtocolInput => ({
  sha256: sha256Hex(bytes),
  side,
  recompression: recompressionSchema.parse({}),
  limits,
  authenticProfiles: [],
});
const applied = (protocol: Protocol, bytes: Uint8Array): Promise<Uint8Array> =>
  applyProtocol(protocol, bytes, inputFor(bytes));
const pixels = async (bytes: Uint8Array): Promise<RasterImage> => decodeImage(bytes, limits);

const pngOf = async (data: Uint8Array, width: number, height: number): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );

/** Grey noise of one level a pixel, the same in all channels. */
function noisePixels(width: number, height: number): Uint8Array {
  const random = createRandom(1);
  const levels = Array.from({ length: width * height }, () => 64 + random.nextBelow(128));
  return Uint8Array.from({ length: width * height * 3 }, (_, at) => levels[Math.floor(at / 3)]!);
}

const all = ['jpeg-40', 'webp-40', 'resize-50', 'blur-1', 'noise-4', 'crop-80', 'screenshot'] as const;
const containerOf = (protocol: Protocol): string =>
  protocol.startsWith('jpeg') ? 'jpeg' : protocol.startsWith('webp') ? 'webp' : 'png';

describe('perturbations', () => {
  it.each(all)('%s gives both classes one container without metadata, and the same bytes every time', async (protocol) => {
    for (const name of ['rgba.png', 'cmyk.jpg', 'orientation-6.jpg', 'lossy.webp', 'animated.gif', 'profile.jpg']) {
      const bytes = await golden(name);
      const first = await applyProtocol(protocol, bytes, inputFor(bytes));
      const again = await applyProtocol(protocol, bytes, inputFor(bytes, 'authentic'));
      expect(sha256Hex(again), name).toBe(sha256Hex(first));
      expect(await readImageInfo(first, limits), name).toMatchObject({
        container: containerOf(protocol),
        channels: 3,
        hasAlpha: false,
        hasExif: false,
        hasProfile: false,
        hasC2pa: false,
        orientation: 1,
        frames: 1,
      });
    }
  });

  it.each(all)('%s refuses a truncated image', async (protocol) => {
    const bytes = (await golden('rgb.png')).subarray(0, 900);
    await expect(applied(protocol, bytes)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('jpeg-Q has the tables of that quality', async () => {
    const bytes = await golden('rgb.png');
    for (const quality of [1, 75, 100] as const)
      expect(await readImageInfo(await applied(`jpeg-${quality}`, bytes), limits)).toMatchObject({
        chroma: '4:2:0',
        progressive: false,
        quantisation: { quality, standard: true },
      });
  });

  it('webp-Q loses more at a lower quality', async () => {
    const data = noisePixels(64, 64);
    const bytes = await pngOf(data, 64, 64);
    const loss = async (protocol: Protocol): Promise<number> => {
      const { data: lossy } = await pixels(await applied(protocol, bytes));
      return lossy.reduce((sum, value, at) => sum + Math.abs(value - data[at]!), 0) / data.length;
    };
    const [low, high] = [await loss('webp-10'), await loss('webp-95')];
    expect(high).toBeGreaterThan(0);
    expect(low).toBeGreaterThan(2 * high);
  });

  it.each([
    ['resize-50', 31, 11, 16, 6],
    ['resize-200', 31, 11, 62, 22],
    ['resize-5', 3, 40, 1, 2],
  ] as const)('%s turns %i×%i into %i×%i', async (protocol, width, height, newWidth, newHeight) => {
    const bytes = await pngOf(noisePixels(width, height), width, height);
    expect(await readImageInfo(await applied(protocol, bytes), limits)).toMatchObject({
      width: newWidth,
      height: newHeight,
    });
  });

  it('resize-P averages what it shrinks: one-pixel stripes become grey', async () => {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (Math.floor(at / 3) % 2 === 0 ? 0 : 255));
    const { data: small, width } = await pixels(await applied('resize-25', await pngOf(data, 64, 64)));
    const middle = small[(8 * width + 8) * 3]!;
    expect(middle).toBeGreaterThan(120);
    expect(middle).toBeLessThan(135);
  });

  it('refuses a resize beyond the pixel limit before it takes memory', async () => {
    const bytes = await pngOf(noisePixels(64, 64), 64, 64);
    const small = { ...inputFor(bytes), limits: { ...limits, maxImagePixels: 64 * 64 } };
    await expect(applyProtocol('resize-200', bytes, small)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it.each([1, 2.5])('blur-%d spreads a point as a Gaussian of that sigma', async (sigma) => {
    const side = 41;
    const data = new Uint8Array(side * side * 3);
    data.fill(255, (20 * side + 20) * 3, (20 * side + 20) * 3 + 3);
    // A point of 255 would vanish below one level: a line does not, and its profile is the one-dimensional Gaussian.
    for (let y = 0; y < side; y++) data.fill(255, (y * side + 20) * 3, (y * side + 20) * 3 + 3);
    const { data: blurred } = await pixels(await applied(`blur-${sigma}`, await pngOf(data, side, side)));
    const row = Array.from({ length: side }, (_, x) => blurred[(20 * side + x) * 3]!);
    const total = row.reduce((sum, value) => sum + value, 0);
    const variance = row.reduce((sum, value, x) => sum + value * (x - 20) ** 2, 0) / total;
    // Rounding to whole levels and the mask's end at 1 % take some of the tails: within 6 % of sigma.
    expect(Math.abs(Math.sqrt(variance) - sigma)).toBeLessThan(0.06 * sigma);
    // Each of up to twenty columns is cut to a whole level below: half a level a column.
    expect(Math.abs(total - 255)).toBeLessThan(12);
  });

  it('noise-S adds Gaussian noise of that many levels, by the digest of the image', async () => {
    const [width, height] = [200, 150];
    const bytes = await pngOf(new Uint8Array(width * height * 3).fill(128), width, height);
    const { data } = await pixels(await applied('noise-4', bytes));
    const differences = Array.from(data, (value) => value - 128);
    const mean = differences.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    // 90,000 values: standard errors are 0.013 and 0.009; rounding adds 1/12 to the variance.
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(deviation - Math.sqrt(16 + 1 / 12))).toBeLessThan(0.04);
    const beyondTwo = differences.filter((value) => Math.abs(value) > 8.5).length / data.length;
    expect(Math.abs(beyondTwo - 0.0336)).toBeLessThan(0.003);
    // Neighbours and channels are independent.
    const lagged = differences.slice(1).reduce((sum, value, at) => sum + value * differences[at]!, 0) / data.length;
    expect(Math.abs(lagged)).toBeLessThan(0.2);
    const other = await applyProtocol('noise-4', bytes, { ...inputFor(bytes), sha256: sha256Hex('another') });
    expect(sha256Hex(other)).not.toBe(sha256Hex(await applied('noise-4', bytes)));
  });

  it('crop-P keeps the very pixels of the centre', async () => {
    const data = noisePixels(50, 30);
    const { data: cropped, width, height } = await pixels(await applied('crop-80', await pngOf(data, 50, 30)));
    expect([width, height]).toEqual([40, 24]);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width * 3; x++) expect(cropped[y * width * 3 + x]).toBe(data[((y + 3) * 50 + 5) * 3 + x]);
    expect(middleOf({ width: 1, height: 3 }, 0.05)).toEqual({ left: 0, top: 1, width: 1, height: 1 });
  });

  it.each([
    ['a small square', 64, 64, 1080, 1080],
    ['a wide strip', 400, 10, 1080, 27],
    ['a tall strip', 10, 400, 48, 1920],
    ['a photograph larger than the screen', 3000, 2000, 1080, 720],
  ])('screenshot shows %s as large as fits the screen', async (_name, width, height, newWidth, newHeight) => {
    const bytes = await pngOf(new Uint8Array(width * height * 3).fill(90), width, height);
    expect(await readImageInfo(await applied('screenshot', bytes), limits)).toMatchObject({
      container: 'png',
      width: newWidth,
      height: newHeight,
    });
  });

  it('screenshot turns the picture upright and shows what is transparent on white, as a viewer does', async () => {
    const turned = await golden('orientation-6.jpg');
    const { width, height } = await readImageInfo(turned, limits);
    const shown = await readImageInfo(await applied('screenshot', turned), limits);
    expect(shown.height / shown.width).toBeCloseTo(width / height, 1);
    const clear = new Uint8Array(
      await sharp(Buffer.alloc(20 * 20 * 4), { raw: { width: 20, height: 20, channels: 4 } })
        .png()
        .toBuffer(),
    );
    const { data } = await pixels(await applied('screenshot', clear));
    expect(data.every((value) => value === 255)).toBe(true);
    // Every other change drops alpha as detectors' own loaders do, and finds the black below it.
    expect((await pixels(await applied('crop-80', clear))).data.every((value) => value === 0)).toBe(true);
  });
});
