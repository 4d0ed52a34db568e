/**
 * How images are presented to detectors. Deterministic: quality and target are drawn by the digest of the bytes as
 * received, so the same image is turned into the same bytes in every run, and classes share one distribution.
 */
import { DiptychError, type ImageInfo, type Protocol, perturbationOf, type Recompression } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { type Sharp, sharp } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import { perturbImage } from './perturbations.ts';
import type { ImageLimits } from './read-image-info.ts';
import { unreadableImage } from './unreadable-image.ts';

/** What `fakes-matched` copies from an authentic image. */
export interface FormatProfile {
  readonly container: 'jpeg' | 'png' | 'webp';
  readonly width: number;
  readonly height: number;
  /** libjpeg quality; 100 where the container has none. */
  readonly quality: number;
  readonly chroma: '4:2:0' | '4:4:4';
}

export interface ProtocolInput {
  readonly sha256: string;
  readonly side: 'synthetic' | 'authentic';
  readonly recompression: Recompression;
  readonly limits: ImageLimits;
  /** Profiles of the authentic images in plan order; `fakes-matched` draws from them. */
  readonly authenticProfiles: readonly FormatProfile[];
  readonly info?: ImageInfo;
}

/** The bytes of an image under a protocol; the very same array for `as-received` and for authentic images of `fakes-matched`. */
export async function applyProtocol(protocol: Protocol, bytes: Uint8Array, input: ProtocolInput): Promise<Uint8Array> {
  if (protocol === 'as-received') return bytes;
  const perturbation = perturbationOf(protocol);
  if (perturbation !== null) return perturbImage(perturbation, bytes, input);
  const draw = Number.parseInt(input.sha256.slice(0, 12), 16);
  if (protocol === 'all-recompressed') {
    const { size, qualities } = input.recompression;
    const quality = qualities[draw % qualities.length]!;
    return reencode(bytes, { container: 'jpeg', width: size, height: size, quality, chroma: '4:2:0' }, input);
  }
  if (input.side === 'authentic') return bytes;
  const profile = input.authenticProfiles[draw % Math.max(1, input.authenticProfiles.length)];
  if (!profile) {
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      'Expected at least one readable authentic image for protocol fakes-matched, got none. Add an authentic set.',
    );
  }
  return reencode(bytes, profile, input);
}

/**
 * Decodes at full size, crops the centre to the target's aspect, resizes with libvips' cubic kernel and encodes
 * without metadata. The kernel is the same for every image; it is not bit-equal to Pillow's.
 */
async function reencode(bytes: Uint8Array, target: FormatProfile, input: ProtocolInput): Promise<Uint8Array> {
  const raster = await decodeImage(bytes, input.limits, {}, input.info);
  try {
    const crop = centreCrop(raster.width, raster.height, target.width / target.height);
    const image = sharp(raster.data, {
      raw: { width: raster.width, height: raster.height, channels: 3 },
      limitInputPixels: input.limits.maxImagePixels,
    })
      .extract(crop)
      .resize(target.width, target.height, { kernel: 'cubic', fit: 'fill', fastShrinkOnLoad: false });
    return new Uint8Array(await encode(image, target).toBuffer());
  } catch (cause) {
    throw unreadableImage(cause, `Expected an image that can be encoded again, got: ${describeError(cause, 300)}.`);
  }
}

function encode(image: Sharp, target: FormatProfile): Sharp {
  if (target.container === 'png') return image.png({ compressionLevel: 6 });
  if (target.container === 'webp') return image.webp({ quality: target.quality });
  // Plain libjpeg coding: mozjpeg's trellis and tables would leave a trace of their own.
  return image.jpeg({ quality: target.quality, chromaSubsampling: target.chroma, mozjpeg: false, optimiseCoding: false });
}

/** The largest centred rectangle of the given aspect (width / height), at least 1×1. */
export function centreCrop(
  width: number,
  height: number,
  aspect: number,
): { left: number; top: number; width: number; height: number } {
  const cropWidth = Math.max(1, Math.min(width, Math.round(height * aspect)));
  const cropHeight = Math.max(1, Math.min(height, Math.round(width / aspect)));
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}

/** The profile `fakes-matched` copies from an authentic image; containers other than JPEG, PNG and WebP count as PNG. */
export function profileOf(info: ImageInfo): FormatProfile {
  const container = info.container === 'jpeg' || info.container === 'webp' ? info.container : 'png';
  return {
    container,
    width: info.width,
    height: info.height,
    // A WebP file does not state its quality; 75 is libwebp's default.
    quality: info.quantisation?.quality ?? (container === 'webp' ? 75 : 100),
    chroma: info.chroma === '4:4:4' ? '4:4:4' : '4:2:0',
  };
}
