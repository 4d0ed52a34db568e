import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { findFault } from './file-fault.ts';
import { countGifPixels } from './gif-codes.ts';

const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 100_000_000 };
const goldens = join(import.meta.dirname, '..', '..', 'goldens', 'images');
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(join(goldens, name)));
const { refused } = JSON.parse(readFileSync(join(goldens, 'damaged.json'), 'utf8')) as {
  refused: Record<string, number[]>;
};
const codeOf = async (bytes: Uint8Array): Promise<string> =>
  decodeImage(bytes, limits).then(
    () => 'decoded',
    (error: { code: string }) => error.code,
  );

describe('an image with one byte changed, that Pillow refuses, is refused', () => {
  it.each(Object.entries(refused))('%s', async (name, places) => {
    const bytes = golden(name);
    for (const at of places) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 1 + ((at * 37) % 255);
      expect(await codeOf(changed), `byte ${at} of ${name}`).toMatch(/^IMAGE_/);
    }
  });
});

/** Two by one pixels of a palette of two colours, by the given codes of three bits, lowest first (GIF89a, appendix F). */
function gif(...codes: number[]): Uint8Array {
  const bits = codes.reduce((sum, code, place) => sum | (code << (3 * place)), 0);
  const data = [bits & 255, bits >> 8];
  return new Uint8Array(
    [
      [...Buffer.from('GIF89a'), 2, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255],
      [0x2c, 0, 0, 0, 0, 2, 0, 1, 0, 0, 2, data.length, ...data, 0, 0x3b],
    ].flat(),
  );
}

describe('pixels that a GIF has data for', () => {
  // With two root bits the clear code is 4 and the end code 5; the first new string, 6, is the two pixels before it.
  it.each([
    ['both', [4, 0, 1, 5], 2],
    ['one before the end code', [4, 1, 5], 1],
    ['none', [4, 5], 0],
    ['a string not yet whole, whose first pixel is its last', [4, 0, 6, 5], 3],
    ['a code that nothing defined', [4, 0, 7, 5], 1],
  ])('%s', async (_name, codes, found) => {
    expect(countGifPixels(gif(...codes)).found).toBe(found);
    expect(await codeOf(gif(...codes))).toBe(found >= 2 ? 'decoded' : 'IMAGE_UNREADABLE');
  });

  it('are all of a frame in blocks, behind extensions, with codes of up to 12 bits', () => {
    expect(countGifPixels(golden('animated.gif'))).toEqual({ expected: 53 * 37, found: 53 * 37 });
  });
});

describe('markers behind the data of a JPEG', () => {
  const jpeg = golden('rgb-420.jpg');
  const before = (end: readonly number[]): Uint8Array => new Uint8Array([...jpeg.subarray(0, -2), ...end, 0xff, 0xd9]);
  it.each([
    ['none', [], false],
    ['a comment', [0xff, 0xfe, 0, 4, 1, 2], false],
    ['a restart', [0xff, 0xd3], false],
    ['fill bytes and a stuffed zero', [0xff, 0xff, 0xff, 0], false],
    ['one that nobody defined', [0xff, 0x20, 0, 4, 1, 2], true],
    ['another frame', [0xff, 0xc0, 0, 4, 1, 2], true],
    ['a comment longer than the file', [0xff, 0xfe, 9, 9], true],
  ])('%s', (_name, end, isFault) => {
    expect(findFault(before(end), 'jpeg') !== undefined).toBe(isFault);
  });

  it('that nobody defined are passed over before a restart, as libjpeg does, and not after the last', () => {
    const restarts = golden('restarts.jpg');
    const at = Buffer.from(restarts).indexOf(Buffer.from([0xff, 0xd1]));
    const broken = (place: number): Uint8Array =>
      new Uint8Array([...restarts.subarray(0, place), 0xff, 0x20, ...restarts.subarray(place)]);
    expect(findFault(broken(at), 'jpeg')).toBeUndefined();
    expect(findFault(broken(restarts.length - 2), 'jpeg')).toContain('marker');
  });
});
