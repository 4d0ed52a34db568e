import { expect, it } from 'vitest';
import { lendRaster, pixelsOf, withView } from './raster.ts';

const size = { width: 2, height: 1, channels: 3 } as const;
const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);

it('lends pixels that nobody copies until `data` is asked for, which is a copy', () => {
  const raster = lendRaster({ pixels }, size);
  expect(pixelsOf(raster)).toBe(pixels);
  const { data } = raster;
  expect(data).toEqual(pixels);
  expect(data).not.toBe(pixels);
  expect(raster.data).toBe(data);
});

it('gives runtimes what a plugin wrote into its copy, and others what they were lent', () => {
  const [first, second] = [lendRaster({ pixels }, size), lendRaster({ pixels }, size)];
  first.data[0] = 99;
  expect([...pixelsOf(first)]).toEqual([99, 2, 3, 4, 5, 6]);
  expect(pixelsOf(second)).toBe(pixels);
  expect(pixels[0]).toBe(1);
});

it('keeps pixels and their copies over views, and in copies of the object', () => {
  const raster = lendRaster({ pixels }, size);
  expect(pixelsOf(withView(raster, 2))).toBe(pixels);
  expect(withView(raster, 2)).toMatchObject({ ...size, view: 2 });
  expect({ ...raster }.data).toEqual(pixels);
  raster.data[5] = 0;
  expect([...pixelsOf(withView(raster, 1))]).toEqual([1, 2, 3, 4, 5, 0]);
  const plain = { ...size, data: pixels };
  expect(pixelsOf(withView(plain, 3))).toBe(pixels);
});

it('says what to do where pixels are read that were taken back, of which copies stay', () => {
  const source: { pixels: Uint8Array | undefined } = { pixels };
  const [copied, late] = [lendRaster(source, size), lendRaster(source, size)];
  expect(copied.data).toEqual(pixels);
  source.pixels = undefined;
  expect(copied.data).toEqual(pixels);
  expect(() => late.data).toThrow('Copy `data` within the call');
  expect(() => pixelsOf(late)).toThrow('Copy `data` within the call');
});
