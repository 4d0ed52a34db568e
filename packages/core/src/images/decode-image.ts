/**
 * Full-fidelity decode to 8-bit RGB or RGBA, as Pillow's `Image.open(f).convert("RGB")` gives it: no
 * shrink-on-load, no colour management, no rotation unless asked for (of a TIFF always, as Pillow does), first frame only.
 * Two deliberate rules: 16-bit samples keep their high byte, for grey too (Pillow clips 16-bit grey at 255 instead);
 * CMYK becomes RGB by Pillow's formula, `R = (255 - K) - C * (255 - K) / 255`, without a profile.
 */
import { type DecodeOptions, DiptychError, type ImageInfo, type RasterImage } from '@diptych/plugin-kit';
import { openImage } from './codec.ts';
import { findFault } from './file-fault.ts';
import { type ImageLimits, readImageInfo } from './read-image-info.ts';
import { unreadableImage } from './unreadable-image.ts';

/** Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE or SYSTEM_FAULT. `info` saves reading the headers again. */
export async function decodeImage(
  bytes: Uint8Array,
  limits: ImageLimits,
  options: DecodeOptions = {},
  info?: ImageInfo,
): Promise<RasterImage> {
  const facts = info ?? (await readImageInfo(bytes, limits));
  const fault = findFault(bytes, facts.container);
  if (fault)
    throw new DiptychError('IMAGE_UNREADABLE', `Expected a complete ${facts.container} image, ${fault}. Replace the file.`);
  const { orientation = 'ignore', alpha = 'drop' } = options;
  try {
    const raw = await rawPixels(bytes, limits, facts, orientation === 'apply');
    const { width, height } = raw;
    if (!raw.hasAlpha) return { width, height, channels: 3, data: raw.data };
    if (alpha === 'keep') return { width, height, channels: 4, data: raw.data };
    return { width, height, channels: 3, data: withoutAlpha(raw.data, alpha === 'white') };
  } catch (cause) {
    throw unreadableImage(
      cause,
      // The codec's own words stay in the cause: they come from a buffer shared by all decodes, so they may be another file's.
      `Expected a complete ${facts.container} image, it is truncated or damaged. Replace the file.`,
      `to decode a ${facts.container} image of ${facts.width}×${facts.height} pixels`,
    );
  }
}

interface RawPixels {
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly data: Uint8Array;
}

async function rawPixels(bytes: Uint8Array, limits: ImageLimits, info: ImageInfo, rotate: boolean): Promise<RawPixels> {
  const image = openImage(bytes, limits.maxImagePixels);
  if ((rotate || info.container === 'tiff') && info.orientation !== 1) image.autoOrient();
  // A JPEG of four channels is CMYK or YCCK, a TIFF of four without alpha CMYK; libvips gives all as CMYK with Adobe's
  // inversion undone, and converts it by a profile of its own unless the whole pipeline stays in CMYK.
  const isCmyk = (info.container === 'jpeg' || info.container === 'tiff') && info.channels === 4 && !info.hasAlpha;
  if (isCmyk) image.pipelineColourspace('cmyk');
  const { data, info: out } = await image
    .toColourspace(isCmyk ? 'cmyk' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isCmyk) return { width: out.width, height: out.height, hasAlpha: false, data: cmykToRgb(pixels) };
  if (out.channels !== 3 && out.channels !== 4) throw new Error(`${out.channels} channels after decoding`);
  return { width: out.width, height: out.height, hasAlpha: out.channels === 4, data: pixels };
}

/** `a * b / 255` rounded, exact for 8-bit values: Pillow's MULDIV255. */
function multiplyDivide255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - cmyk[from + 3]!;
    for (let channel = 0; channel < 3; channel++)
      rgb[to + channel] = light - multiplyDivide255(cmyk[from + channel]!, light);
  }
  return rgb;
}

function withoutAlpha(rgba: Uint8Array, ontoWhite: boolean): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const value = rgba[from + channel]!;
      rgb[to + channel] = ontoWhite ? multiplyDivide255(value, alpha) + 255 - alpha : value;
    }
  }
  return rgb;
}
