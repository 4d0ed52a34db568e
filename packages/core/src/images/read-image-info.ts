import { DiptychError, type ImageInfo, type Limits } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { openImage } from './codec.ts';
import { type Container, detectContainer, nameOfUnsupported } from './container.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { checkTiff, countDirectories } from './tiff-directory.ts';
import { unreadableImage } from './unreadable-image.ts';

export type ImageLimits = Pick<Limits, 'maxImageBytes' | 'maxImagePixels'>;

/**
 * The most that JPEG, GIF, WebP and AVIF can hold. A PNG may say more, and decoding costs by the row too: one pixel wide and sixty
 * million high it takes a hundred times as long as an ordinary image of as many pixels.
 */
const longestSide = 65_536;

/**
 * Opening a WebP costs by the square of its frames: 0.3 s for so many, four minutes for 235,000 in 50 MB. A TIFF's directories are
 * all read whenever it is opened, which is twice: 0.3 s for so many, 30 s for a million in 130 MB. Arbitrary.
 */
const mostFrames = 8192;

/**
 * Facts from the headers; no pixel is decoded, so a decompression bomb costs nothing.
 * Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE.
 */
export async function readImageInfo(bytes: Uint8Array, limits: ImageLimits): Promise<ImageInfo> {
  const container = checkBytes(bytes, limits);
  checkFrames(bytes, container);
  const metadata = await openImage(bytes, false)
    .metadata()
    .catch((cause: unknown) => {
      throw unreadableImage(
        cause,
        `Expected a readable ${container} header, got: ${describeError(cause)}. Replace the file.`,
        `to read the header of a ${container} image of ${bytes.length} bytes`,
      );
    });
  const height = metadata.pageHeight ?? metadata.height;
  checkPixels(metadata.width, height, limits);
  if (metadata.channels > 4)
    throw new DiptychError(
      'IMAGE_UNSUPPORTED',
      `Expected at most 4 channels, got ${metadata.channels}. Convert the image to RGB or RGBA.`,
    );
  if (container === 'tiff') checkTiff(bytes, metadata.channels);
  const jpeg = container === 'jpeg' ? readJpegHeader(bytes) : undefined;
  const { hasC2pa: jpegC2pa, ...jpegFacts } = jpeg ?? { hasC2pa: false };
  return {
    container,
    width: metadata.width,
    height,
    channels: metadata.channels,
    bitsPerChannel: bitsOf(bytes, container, metadata.depth),
    hasAlpha: metadata.hasAlpha,
    hasProfile: metadata.hasProfile,
    hasExif: metadata.exif !== undefined,
    hasC2pa: jpegC2pa || (container !== 'jpeg' && hasC2paChunk(bytes, container)),
    orientation:
      metadata.orientation !== undefined && metadata.orientation >= 1 && metadata.orientation <= 8
        ? metadata.orientation
        : 1,
    frames: Math.max(1, metadata.pages ?? 1),
    sizeBytes: bytes.length,
    ...jpegFacts,
  };
}

/** Throws IMAGE_TOO_LARGE. To be called before a file is read, and before bytes are copied, searched or hashed. */
export function checkSize(sizeBytes: number, { maxImageBytes }: Pick<ImageLimits, 'maxImageBytes'>): void {
  if (sizeBytes <= maxImageBytes) return;
  throw new DiptychError(
    'IMAGE_TOO_LARGE',
    `Expected at most ${maxImageBytes} bytes, got ${sizeBytes}. Shrink the image or raise limits.maxImageBytes.`,
  );
}

function checkBytes(bytes: Uint8Array, limits: ImageLimits): Container {
  if (bytes.length === 0) throw new DiptychError('IMAGE_UNREADABLE', 'Expected an image, got zero bytes. Replace the file.');
  checkSize(bytes.length, limits);
  const container = detectContainer(bytes);
  if (container !== 'other') return container;
  const name = nameOfUnsupported(bytes);
  if (name)
    throw new DiptychError(
      'IMAGE_UNSUPPORTED',
      `Expected JPEG, PNG, WebP, GIF, TIFF or AVIF, got ${name}. Convert it first.`,
    );
  throw new DiptychError(
    'IMAGE_UNREADABLE',
    'Expected JPEG, PNG, WebP, GIF, TIFF or AVIF, got bytes that start like none of them. Replace the file.',
  );
}

/** Name of the chunk of a frame, as a number. */
const anmf = Buffer.from('ANMF').readUInt32LE();
const paddedToEven = (length: number): number => length + (length & 1);

function checkFrames(bytes: Uint8Array, container: Container): void {
  if (container === 'webp' && countWebpFrames(bytes) > mostFrames)
    throw tooManyFrames(`an animation of at most ${mostFrames} frames, got ${countWebpFrames(bytes)}`);
  // Not counted further: the chain of directories may be as long as the file.
  if (container === 'tiff' && countDirectories(bytes, mostFrames) > mostFrames)
    throw tooManyFrames(`a TIFF of at most ${mostFrames} pictures, got more`);
}

const tooManyFrames = (words: string): DiptychError =>
  new DiptychError('IMAGE_TOO_LARGE', `Expected ${words}. Give its first picture alone.`);

function countWebpFrames(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frames = 0;
  for (let at = 12; at + 8 <= view.length; at += 8 + paddedToEven(view.readUInt32LE(at + 4)))
    if (view.readUInt32LE(at) === anmf) frames += 1;
  return frames;
}

function checkPixels(width: number, height: number, limits: ImageLimits): void {
  if (!(width > 0 && height > 0))
    throw new DiptychError('IMAGE_UNREADABLE', `Expected a positive size, got ${width}×${height}. Replace the file.`);
  if (width * height > limits.maxImagePixels)
    throw new DiptychError(
      'IMAGE_TOO_LARGE',
      `Expected at most ${limits.maxImagePixels} pixels, got ${width}×${height}. Shrink the image or raise limits.maxImagePixels.`,
    );
  if (Math.max(width, height) > longestSide)
    throw new DiptychError(
      'IMAGE_TOO_LARGE',
      `Expected at most ${longestSide} pixels a side, got ${width}×${height}. Cut or shrink the image.`,
    );
}

function bitsOf(bytes: Uint8Array, container: Container, depth: string): number {
  // IHDR states the stored depth; libvips reports palettes and 1 to 4 bits as expanded.
  if (container === 'png') return bytes[24] ?? 8;
  return { uchar: 8, char: 8, ushort: 16, short: 16, uint: 32, int: 32, float: 32 }[depth] ?? 8;
}

/** C2PA manifests: PNG chunk `caBX`, WebP chunk `C2PA`, ISO media and others a JUMBF box (C2PA specification 2.1, part A). */
function hasC2paChunk(bytes: Uint8Array, container: Container): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (container === 'png') return chunkNames(view, 8, 'big').includes('caBX');
  if (container === 'webp') return chunkNames(view, 12, 'little').includes('C2PA');
  return view.includes('jumb') && view.includes('c2pa');
}

function chunkNames(view: Buffer, start: number, order: 'big' | 'little'): string[] {
  const names: string[] = [];
  let at = start;
  while (at + 8 <= view.length && names.length < 10_000) {
    const big = order === 'big';
    names.push(view.toString('latin1', big ? at + 4 : at, big ? at + 8 : at + 4));
    const length = big ? view.readUInt32BE(at) : view.readUInt32LE(at + 4);
    at += big ? 12 + length : 8 + paddedToEven(length);
  }
  return names;
}
