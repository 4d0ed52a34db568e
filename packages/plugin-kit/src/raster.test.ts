import { expect, it } from 'vitest';
import { holdPixels, isLent, LentPixels, lendRaster, pixelsOf, withView } from './raster.ts';

const size = { width: 2, height: 1, channels: 3 } as const;
const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
const lending = (): LentPixels => new LentPixels(pixels);

it('lends pixels that nobody copies until `data` is asked for, which is a copy', () => {
  const raster = lendRaster(lending(), size);
  expect(pixelsOf(raster)).toBe(pixels);
  const { data } = raster;
  expect(data).toEqual(pixels);
  expect(data).not.toBe(pixels);
  expect(raster.data).toBe(data);
});

it('gives runtimes what a plugin wrote into its copy, and others what they were lent', () => {
  const [first, second] = [lendRaster(lending(), size), lendRaster(lending(), size)];
  first.data[0] = 99;
  expect([...pixelsOf(first)]).toEqual([99, 2, 3, 4, 5, 6]);
  expect(pixelsOf(second)).toBe(pixels);
  expect(pixels[0]).toBe(1);
});

it('keeps pixels and their copies over views, and in copies of the object', () => {
  const raster = lendRaster(lending(), size);
  expect(pixelsOf(withView(raster, 2))).toBe(pixels);
  expect(withView(raster, 2)).toMatchObject({ ...size, view: 2 });
  expect({ ...raster }.data).toEqual(pixels);
  raster.data[5] = 0;
  expect([...pixelsOf(withView(raster, 1))]).toEqual([1, 2, 3, 4, 5, 0]);
  const plain = { ...size, data: pixels };
  expect(pixelsOf(withView(plain, 3))).toBe(pixels);
});

it('says what to do where pixels are read that were taken back, of which copies stay', () => {
  const source = lending();
  const [copied, late] = [lendRaster(source, size), lendRaster(source, size)];
  expect(copied.data).toEqual(pixels);
  source.takeBack(() => undefined);
  expect(copied.data).toEqual(pixels);
  expect(() => late.data).toThrow('Copy `data` within the call');
  expect(() => pixelsOf(late)).toThrow('Copy `data` within the call');
});

it('frees what was taken back when the last who holds it has ended, and once', () => {
  const source = lending();
  const raster = lendRaster(source, size);
  const ends = [holdPixels(raster)!, holdPixels(withView(raster, 1))!];
  const freed: Uint8Array[] = [];
  source.takeBack((bytes) => freed.push(bytes));
  source.takeBack((bytes) => freed.push(bytes));
  expect(() => pixelsOf(raster)).toThrow('they are gone');
  ends[0]!();
  expect(freed).toEqual([]);
  ends[1]!();
  expect(freed).toEqual([pixels]);

  const another = lending();
  holdPixels(lendRaster(another, size))!();
  another.takeBack((bytes) => freed.push(bytes));
  expect(freed).toEqual([pixels, pixels]);
});

it('holds nothing of pixels that are not lent, or are a copy that was asked for', () => {
  const raster = lendRaster(lending(), size);
  expect(isLent(raster)).toBe(true);
  expect(raster.data).toEqual(pixels);
  for (const other of [raster, { ...size, data: pixels }])
    expect([isLent(other), holdPixels(other)]).toEqual([false, undefined]);
});
