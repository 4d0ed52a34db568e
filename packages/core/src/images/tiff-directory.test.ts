import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../text/canonical-json.ts';
import { decodeImage } from './decode-image.ts';
import { isTiff, withKnownOrientation } from './tiff-directory.ts';

const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 1_000_000 };
const types = { byte: 1, short: 3, long: 4, long8: 16 } as const;
type Entry = readonly [tag: number, type: keyof typeof types, values: readonly number[]];
interface Layout {
  readonly big?: boolean;
  readonly little?: boolean;
}

/** A TIFF of the given directory: header, then `pixels` at byte 16, then the directory, then values that do not fit into an entry. */
function tiff(pixels: Uint8Array, entries: readonly Entry[], { big = false, little = true }: Layout = {}): Buffer {
  const bytesOf = (value: number, width: number): Buffer => {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(value));
    const cut = number.subarray(0, width);
    return little ? cut : Buffer.from(cut).reverse();
  };
  const word = big ? 8 : 4;
  const start = 16 + pixels.length;
  const directory: Buffer[] = [bytesOf(entries.length, big ? 8 : 2)];
  const extra: Buffer[] = [];
  let extraAt = start + (big ? 8 : 2) + entries.length * (4 + 2 * word) + word;
  for (const [tag, type, values] of entries) {
    const width = { byte: 1, short: 2, long: 4, long8: 8 }[type];
    let field: Buffer = Buffer.concat(values.map((value) => bytesOf(value, width)));
    if (field.length > word) {
      extra.push(field);
      extraAt += field.length;
      field = bytesOf(extraAt - field.length, word);
    }
    directory.push(
      bytesOf(tag, 2),
      bytesOf(types[type], 2),
      bytesOf(values.length, word),
      field,
      Buffer.alloc(word - field.length),
    );
  }
  const header = Buffer.alloc(16);
  header.write(little ? 'II' : 'MM', 'latin1');
  bytesOf(big ? 43 : 42, 2).copy(header, 2);
  if (big) Buffer.concat([bytesOf(8, 2), bytesOf(0, 2), bytesOf(start, 8)]).copy(header, 4);
  else bytesOf(start, 4).copy(header, 4);
  return Buffer.concat([header, pixels, ...directory, Buffer.alloc(word), ...extra]);
}

const side = 16;
const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 37) % 251);
const facts = (compression: number, photometric: number, channels: number): Entry[] => [
  [256, 'short', [side]],
  [257, 'short', [side]],
  [258, 'short', Array<number>(channels).fill(8)],
  [259, 'short', [compression]],
  [262, 'short', [photometric]],
];
const strips = (channels: number): Entry[] => [
  [273, 'long', [16]],
  [277, 'short', [channels]],
  [278, 'short', [side]],
  [279, 'long', [side * side * channels]],
];
const rgb = (compression = 1): Entry[] => [...facts(compression, 2, 3), ...strips(3)];
const tiles = (offset: number): Entry[] => [
  ...facts(1, 2, 3),
  [277, 'short', [3]],
  [322, 'short', [side]],
  [323, 'short', [side]],
  [324, 'long', [offset]],
  [325, 'long', [pixels.length]],
];

describe('a TIFF', () => {
  const layouts: Layout[] = [{}, { little: false }, { big: true }, { big: true, little: false }];
  it.each(layouts)('is read as classic and as BigTIFF, in both orders of bytes (%o)', async (layout) => {
    const file = tiff(pixels, rgb(), layout);
    expect(isTiff(file)).toBe(true);
    expect(sha256Hex((await decodeImage(file, limits)).data)).toBe(sha256Hex(pixels));
  });

  it('is read in tiles', async () => {
    expect(sha256Hex((await decodeImage(tiff(pixels, tiles(16)), limits)).data)).toBe(sha256Hex(pixels));
  });

  it.each([
    [50000, 'Zstandard'],
    [34925, 'LZMA'],
    [50001, 'WebP'],
  ])('of compression %i is refused by name, not black', async (compression, name) => {
    const refused = decodeImage(tiff(pixels, rgb(compression)), limits);
    await expect(refused).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', message: expect.stringContaining(name) });
  });

  const damaged: [string, Uint8Array][] = [
    ['tiles end outside the file', tiff(pixels, tiles(900))],
    [
      'palette is outside the file',
      tiff(pixels, [...facts(1, 3, 1), ...strips(1), [320, 'short', Array(768).fill(9)]]).subarray(0, -4),
    ],
    ['strip is no Deflate', tiff(pixels, rgb(8))],
    [
      'strip ends outside the file',
      tiff(
        pixels,
        rgb().map((entry) => (entry[0] === 273 ? [273, 'long', [900]] : entry)),
      ),
    ],
  ];
  it.each(damaged)('whose %s is refused, not black', async (_, file) => {
    await expect(decodeImage(file, limits)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('of more than four channels is refused as unsupported', async () => {
    const five = tiff(Buffer.alloc(side * side * 5), [...facts(1, 2, 5), ...strips(5), [338, 'short', [0, 0]]]);
    await expect(decodeImage(five, limits)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
  });

  it('of floats in colour is refused, whose range is nowhere', async () => {
    const floats = [...rgb(), [339, 'short', [3, 3, 3]] as Entry].map((entry): Entry => {
      if (entry[0] === 258) return [258, 'short', [32, 32, 32]];
      return entry[0] === 279 ? [279, 'long', [pixels.length * 4]] : entry;
    });
    await expect(decodeImage(tiff(new Uint8Array(pixels.length * 4), floats), limits)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      message: expect.stringContaining('floats'),
    });
  });

  it('whose first picture is a small copy of one further in is refused, as raw files of cameras have it', async () => {
    const typed = (type: number, more: readonly Entry[]): Buffer => tiff(pixels, [[254, 'long', [type]], ...rgb(), ...more]);
    const raw: Entry = [330, 'long', [900]];
    await expect(decodeImage(typed(1, [raw]), limits)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      message: expect.stringContaining('raw files'),
    });
    // Alone, or beside copies of its own, it is the picture.
    for (const file of [typed(1, []), typed(0, [raw])])
      expect(sha256Hex((await decodeImage(file, limits)).data)).toBe(sha256Hex(pixels));
  });

  it.each([true, false])('with an orientation that does not exist is upright (little endian: %s)', async (little) => {
    const turned = (orientation: number): Buffer =>
      tiff(pixels, [...rgb().slice(0, 6), [274, 'short', [orientation]], ...rgb().slice(6)], { little });
    for (const orientation of [0, 9])
      expect(sha256Hex((await decodeImage(turned(orientation), limits)).data)).toBe(sha256Hex(pixels));
    expect(withKnownOrientation(turned(9))).toEqual(Uint8Array.from(turned(1)));
    const fine = turned(6);
    expect(withKnownOrientation(fine)).toBe(fine);
  });

  it('that is cut at any byte is an image no longer, or the same', async () => {
    const golden = await readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', 'rgb.tif'));
    const whole = sha256Hex((await decodeImage(golden, limits)).data);
    for (let length = 8; length < golden.length; length += 97) {
      const decoded = await decodeImage(golden.subarray(0, length), limits).catch((error: { code: string }) => error.code);
      if (typeof decoded === 'string') expect(decoded).toBe('IMAGE_UNREADABLE');
      else expect(sha256Hex(decoded.data)).toBe(whole);
    }
  });
});
