import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openImage } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import { presentImage } from './present-image.ts';

// Memory cannot run out without ending the test's own process.
vi.mock('./codec.ts', async (original) => {
  const real = await original<typeof import('./codec.ts')>();
  return { ...real, openImage: vi.fn(real.openImage) };
});
const real = await vi.importActual<typeof import('./codec.ts')>('./codec.ts');
afterEach(() => void vi.mocked(openImage).mockImplementation(real.openImage));

const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 1_000_000 };
const bytes = await readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', 'rgb.png'));
const failOnce = (words: string): void => {
  vi.mocked(openImage).mockImplementationOnce(() => {
    throw new Error(words);
  });
};

// As libvips 8.18 says it under `prlimit --as`, of a header and of pixels.
it.each([
  'Input buffer has corrupt header: vips_tracked: out of memory -- size == 374MB',
  'vips_image_write_to_memory: out of memory -- size == 231MB',
])('is no damage of the image: %s', async (words) => {
  const image = await presentImage(bytes, limits);
  failOnce(words);
  await expect(image.raster()).rejects.toMatchObject({
    code: 'SYSTEM_FAULT',
    message: expect.stringMatching(/Expected the system to decode a png image of 53×37 pixels, got: .*out of memory/),
  });
  expect(await image.raster()).toEqual(await decodeImage(bytes, limits));
});

it('is told apart from damage', async () => {
  const image = await presentImage(bytes, limits);
  failOnce('vipspng: libpng read error');
  await expect(image.raster()).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
});
