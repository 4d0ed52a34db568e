import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { DecodeOptions } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { chunk, encodePng, fakeImage } from '../testing-fakes/fake-image.ts';
import { sharp } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import { isConstant } from './is-constant.ts';
import { presentImage } from './present-image.ts';
import { readImageInfo } from './read-image-info.ts';

const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 100_000_000 };
const golden = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', name));

describe('facts from headers', () => {
  const cases = [
    ['rgb.png', { container: 'png', channels: 3, bitsPerChannel: 8, hasAlpha: false, frames: 1, orientation: 1 }],
    ['rgb-16-bit.png', { bitsPerChannel: 16 }],
    ['one-bit.png', { bitsPerChannel: 1 }],
    ['rgba.png', { hasAlpha: true }],
    [
      'rgb-420.jpg',
      { container: 'jpeg', chroma: '4:2:0', progressive: false, quantisation: { quality: 80, standard: true } },
    ],
    ['rgb-422.jpg', { chroma: '4:2:2' }],
    ['rgb-444.jpg', { chroma: '4:4:4' }],
    ['progressive.jpg', { progressive: true, quantisation: { quality: 60, standard: true } }],
    ['grey.jpg', { chroma: '4:0:0', quantisation: { quality: 85, standard: true } }],
    ['orientation-6.jpg', { orientation: 6, hasExif: true }],
    ['profile.jpg', { hasProfile: true }],
    ['animated.gif', { container: 'gif', frames: 2, height: 37 }],
    ['lossy.webp', { container: 'webp' }],
    ['rgb.tif', { container: 'tiff' }],
    ['a-jpeg-inside.png', { container: 'jpeg' }],
  ] as const;
  it.each(cases)('%s', async (name, expected) => {
    expect(await readImageInfo(await golden(name), limits)).toMatchObject(expected);
  });

  it('finds C2PA in PNG and JPEG', async () => {
    const png = Buffer.from(await fakeImage({}));
    const signed = Buffer.concat([png.subarray(0, 33), chunk('caBX', Buffer.from('jumb c2pa')), png.subarray(33)]);
    expect((await readImageInfo(signed, limits)).hasC2pa).toBe(true);
    expect((await readImageInfo(png, limits)).hasC2pa).toBe(false);
    const jpeg = await golden('rgb-420.jpg');
    const payload = Buffer.concat([Buffer.from('JP'), Buffer.alloc(10), Buffer.from('jumb....c2pa')]);
    const segment = Buffer.concat([Buffer.from([0xff, 0xeb, 0, payload.length + 2]), payload]);
    expect((await readImageInfo(Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]), limits)).hasC2pa).toBe(
      true,
    );
  });
});

/** A valid PNG of any size whose pixels are never written out: rows of zeros compress a thousandfold. */
function bomb(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(1_000_000));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('bad input', () => {
  const cases: [string, () => Promise<Uint8Array>, string][] = [
    ['zero bytes', async () => new Uint8Array(), 'IMAGE_UNREADABLE'],
    ['text', async () => Buffer.from('hello'), 'IMAGE_UNREADABLE'],
    ['an SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'IMAGE_UNSUPPORTED'],
    [
      'an SVG behind a byte order mark',
      async () => Buffer.from('\ufeff<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'IMAGE_UNSUPPORTED',
    ],
    ['a PSD', async () => Buffer.from('8BPS\0\x01'), 'IMAGE_UNSUPPORTED'],
    ['a JPEG 2000 without container', async () => Buffer.from('ff4fff51002f', 'hex'), 'IMAGE_UNSUPPORTED'],
    ['a PPM', async () => Buffer.from('P6\n1 1\n255\nabc'), 'IMAGE_UNSUPPORTED'],
    ['an icon', async () => Buffer.from('000001000100', 'hex'), 'IMAGE_UNSUPPORTED'],
    ['an OpenEXR', async () => Buffer.from('762f310102000000', 'hex'), 'IMAGE_UNSUPPORTED'],
    ['a Radiance HDR', async () => Buffer.from('#?RADIANCE\n'), 'IMAGE_UNSUPPORTED'],
    ['a JPEG XR', async () => Buffer.from('4949bc0120000000', 'hex'), 'IMAGE_UNSUPPORTED'],
    ['a HEIC', async () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), 'IMAGE_UNSUPPORTED'],
    ['a JPEG XL', async () => Buffer.from('0000000c4a584c200d0a870a', 'hex'), 'IMAGE_UNSUPPORTED'],
    ['a PDF', async () => Buffer.from('%PDF-1.4\n'), 'IMAGE_UNSUPPORTED'],
    ['a BMP', async () => Buffer.from(`BM${'\0'.repeat(60)}`), 'IMAGE_UNSUPPORTED'],
    ['30,000 by 30,000 pixels', async () => bomb(30_000), 'IMAGE_TOO_LARGE'],
    ['too many bytes', async () => Buffer.concat([await golden('rgb.png'), Buffer.alloc(2 ** 20)]), 'IMAGE_TOO_LARGE'],
    ['only a JPEG marker', async () => Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'IMAGE_UNREADABLE'],
    ['a PNG signature', async () => Buffer.from('89504e470d0a1a0a', 'hex'), 'IMAGE_UNREADABLE'],
  ];
  it.each(cases)('refuses %s by its header', async (_name, make, code) => {
    await expect(readImageInfo(await make(), limits)).rejects.toMatchObject({ code });
  });

  it.each(['rgb.png', 'rgb-420.jpg', 'progressive.jpg', 'lossy.webp', 'lossless.webp', 'rgb.tif', 'animated.gif'])(
    'refuses a truncated %s',
    async (name) => {
      const bytes = await golden(name);
      await expect(decodeImage(bytes.subarray(0, Math.floor(bytes.length * 0.5)), limits)).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
      });
    },
  );

  it('is an image with a side that no other format can state, whatever its number of pixels', async () => {
    const tall = (height: number) => encodePng(new Uint8Array(3 * height), 1, height);
    const lax = { maxImageBytes: 50_000_000, maxImagePixels: 100_000_000 };
    await expect(readImageInfo(tall(65_537), lax)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('at most 65536 pixels a side, got 1×65537'),
    });
    expect(await decodeImage(tall(65_536), lax)).toMatchObject({ width: 1, height: 65_536 });
  });

  it('is a TIFF of so many pictures that its directories alone would take half a minute', async () => {
    const one = [
      [256, 3, 4],
      [257, 3, 4],
      [258, 3, 8],
      [259, 3, 1],
      [262, 3, 1],
      [273, 4, 8],
      [277, 3, 1],
      [278, 3, 4],
      [279, 4, 16],
    ] as const;
    const directory = 2 + one.length * 12 + 4;
    /** Grey pictures of 4 × 4, all of the same pixels; the last directory names `last`. */
    const stack = (pictures: number, last = 0): Buffer => {
      const file = Buffer.alloc(24 + pictures * directory);
      file.write('II*', 'latin1');
      file.writeUInt32LE(24, 4);
      for (let at = 24; at < file.length; at += directory) {
        file.writeUInt16LE(one.length, at);
        for (const [i, [name, type, value]] of one.entries()) {
          file.writeUInt16LE(name, at + 2 + i * 12);
          file.writeUInt16LE(type, at + 4 + i * 12);
          file.writeUInt32LE(1, at + 6 + i * 12);
          file.writeUInt32LE(value, at + 10 + i * 12);
        }
        const next = at + directory;
        file.writeUInt32LE(next < file.length ? next : last, next - 4);
      }
      return file;
    };
    expect(await readImageInfo(stack(8192), limits)).toMatchObject({ container: 'tiff', frames: 8192 });
    await expect(readImageInfo(stack(8193), limits)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('at most 8192 pictures'),
    });
    // Directories in a circle are as many as there are.
    expect(await readImageInfo(stack(2, 24), limits)).toMatchObject({ container: 'tiff', width: 4 });
  });

  it('is an animation that would take minutes to open', async () => {
    const frame = await sharp(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } })
      .webp({ lossless: true })
      .toBuffer();
    const chunkOf = (name: string, data: Uint8Array): Buffer => {
      const head = Buffer.from(`${name}\0\0\0\0`);
      head.writeUInt32LE(data.length, 4);
      return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
    };
    const animated = (frames: number): Buffer => {
      const one = chunkOf('ANMF', Buffer.concat([Buffer.alloc(16), frame.subarray(12)]));
      const head = [chunkOf('VP8X', Buffer.from([2, ...Array(9).fill(0)])), chunkOf('ANIM', Buffer.alloc(6))];
      return chunkOf('RIFF', Buffer.concat([Buffer.from('WEBP'), ...head, ...Array<Buffer>(frames).fill(one)]));
    };
    expect(await readImageInfo(animated(8192), limits)).toMatchObject({ container: 'webp', frames: 8192 });
    await expect(readImageInfo(animated(8193), limits)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('8192 frames'),
    });
  });

  it('reads the still picture of an AVIF sequence', async () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 7) % 256);
    const still = await sharp(data, { raw: { width: 16, height: 16, channels: 3 } })
      .avif()
      .toBuffer();
    const sequence = Uint8Array.from(still);
    sequence.set(Buffer.from('avis'), 8);
    expect(await decodeImage(sequence, limits)).toEqual(await decodeImage(still, limits));
    expect(Buffer.from(sequence).toString('latin1', 8, 12)).toBe('avis');
  });

  it('survives every truncation of a header', async () => {
    const bytes = await golden('rgb-420.jpg');
    for (let length = 0; length < bytes.length; length += 13) {
      await decodeImage(bytes.subarray(0, length), limits).then(
        () => expect.unreachable(`decoded ${length} of ${bytes.length} bytes`),
        (error: unknown) => expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' }),
      );
    }
  });
});

describe('a presented image', () => {
  it('is decoded once per option set', async () => {
    const bytes = await golden('rgba.png');
    const image = await presentImage(bytes.subarray(0, bytes.length / 2), limits);
    const faultOf = (options: DecodeOptions = {}): Promise<unknown> =>
      image.raster(options).catch((error: unknown) => error);
    const first = await faultOf();
    expect(first).toMatchObject({ code: 'IMAGE_UNREADABLE' });
    // The same error object, so the same decode.
    expect(await faultOf({ alpha: 'drop', orientation: 'apply' })).toBe(first);
    expect(await faultOf({ alpha: 'keep' })).not.toBe(first);
  });

  it('gives every caller bytes, facts and pixels of its own, so that a plugin that writes into them changes nothing', async () => {
    const bytes = await golden('rgba.png');
    const image = await presentImage(bytes, limits);
    const before = await image.raster({ alpha: 'keep' });
    expect(before.channels).toBe(4);
    const original = new Uint8Array(bytes);
    const changed = await image.raster({ alpha: 'keep' });
    changed.data.fill(0);
    image.bytes.fill(0);
    const { info } = image;
    Object.assign(image.info, { container: 'gif', width: 7 });
    expect(image.info).toEqual(info);
    expect(await image.raster({ alpha: 'keep' })).toEqual(before);
    expect(image.bytes).toEqual(original);
  });

  it.each([
    [[5, 5, 5, 5, 5, 5], true],
    [[5, 5, 5, 7, 5, 5], true],
    [[5, 5, 5, 8, 5, 5], false],
    [[0, 100, 200, 0, 100, 200], true],
  ])('%j is constant: %s', (data, expected) => {
    expect(isConstant({ width: 2, height: 1, channels: 3, data: new Uint8Array(data) })).toBe(expected);
  });

  it('reads what our own PNG encoder writes', async () => {
    const pixels = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect((await decodeImage(encodePng(pixels, 2, 1), limits)).data).toEqual(pixels);
  });
});
