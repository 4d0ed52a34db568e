import type { ImageInfo } from '@diptych/plugin-kit';
import { isTiff } from './tiff-directory.ts';

export type Container = ImageInfo['container'];

const startsWith = (bytes: Uint8Array, signature: readonly number[], offset = 0): boolean =>
  signature.every((value, index) => bytes[offset + index] === value);
const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** The container by its first bytes; file names and media types are never believed. */
export function detectContainer(bytes: Uint8Array): Container {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (ascii(bytes, 0, 4) === 'GIF8') return 'gif';
  if (isTiff(bytes)) return 'tiff';
  if (ascii(bytes, 4, 8) === 'ftyp' && /avif|avis/.test(ascii(bytes, 8, 32))) return 'avif';
  return 'other';
}

/** An AVIF of several pictures, the first of which it also holds as a still one (MIAF, ISO/IEC 23000-22, 10.2.1). */
export const isAvifSequence = (bytes: Uint8Array): boolean =>
  ascii(bytes, 4, 12) === 'ftypavis' && ascii(bytes, 16, 48).includes('avif');

/** Formats that are images but are not read, told by their first bytes; undefined where the bytes are no image we know. */
export function nameOfUnsupported(bytes: Uint8Array): string | undefined {
  if (ascii(bytes, 0, 2) === 'BM') return 'BMP';
  if (ascii(bytes, 4, 8) === 'ftyp') return `ISO media with brand ${JSON.stringify(ascii(bytes, 8, 12))}`;
  if (startsWith(bytes, [0xff, 0x0a]) || ascii(bytes, 4, 8) === 'JXL ') return 'JPEG XL';
  if (ascii(bytes, 4, 8) === 'jP  ' || startsWith(bytes, [0xff, 0x4f, 0xff, 0x51])) return 'JPEG 2000';
  // Behind a byte order mark or without.
  if (/^(\xef\xbb\xbf)?\s*(<\?xml|<svg)/.test(ascii(bytes, 0, 64))) return 'SVG or XML';
  if (ascii(bytes, 0, 5) === '%PDF-') return 'PDF';
  if (ascii(bytes, 0, 2) === '%!') return 'PostScript';
  if (ascii(bytes, 0, 4) === '8BPS') return 'PSD';
  if (ascii(bytes, 0, 4) === 'qoif') return 'QOI';
  if (ascii(bytes, 0, 4) === 'DDS ') return 'DDS';
  if (startsWith(bytes, [0, 0, 1, 0])) return 'ICO';
  if (ascii(bytes, 0, 4) === 'icns') return 'ICNS';
  if (startsWith(bytes, [0x76, 0x2f, 0x31, 0x01])) return 'OpenEXR';
  if (/^#\?(RADIANCE|RGBE)/.test(ascii(bytes, 0, 10))) return 'Radiance HDR';
  if (startsWith(bytes, [0x49, 0x49, 0xbc])) return 'JPEG XR';
  if (/^P[1-7]\s/.test(ascii(bytes, 0, 3))) return 'PNM';
  return undefined;
}

const extensions: Record<Container, string> = {
  jpeg: 'jpg',
  png: 'png',
  webp: 'webp',
  gif: 'gif',
  tiff: 'tif',
  avif: 'avif',
  other: 'bin',
};
export const extensionOf = (container: Container): string => extensions[container];
