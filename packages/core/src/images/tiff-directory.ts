/**
 * Reads the first directory of a TIFF or BigTIFF (Adobe's TIFF 6.0, section 2; BigTIFF: 8-byte counts and offsets).
 * It finds what libvips passes over in silence: a compression that the libtiff of sharp was built without, tiles beyond
 * the end of the file (both decode to black), a palette beyond it (decodes to grey), a small copy in place of the picture, samples that
 * Pillow refuses. A damaged directory gives no facts.
 */
import { DiptychError } from '@diptych/plugin-kit';

const tag = {
  subfileType: 254,
  compression: 259,
  photometric: 262,
  orientation: 274,
  colorMap: 320,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
  sampleFormat: 339,
};
/** Value of the photometric interpretation that looks colours up. */
const palette = 3;
/** Bytes of one value by field type: unsigned numbers and places of directories alone, which is what these tags hold. */
const widthOfType: Record<number, Width> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
/** Compression numbers registered with libtiff, absent from the one in sharp. */
const missingCodecs: Record<number, string> = {
  6: 'old-style JPEG',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard',
  50001: 'WebP',
  50002: 'JPEG XL',
};

/** Bytes of a number. */
type Width = 1 | 2 | 4 | 8;

interface Field {
  /** Where in the file the first value lies. */
  readonly at: number;
  readonly width: Width;
  readonly values: readonly number[];
}

export const isTiff = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 &&
  ((bytes[0] === 0x49 && bytes[1] === 0x49 && (bytes[2] === 42 || bytes[2] === 43) && bytes[3] === 0) ||
    (bytes[0] === 0x4d && bytes[1] === 0x4d && bytes[2] === 0 && (bytes[3] === 42 || bytes[3] === 43)));

/** Numbers of the file by its byte order, and where its parts lie: those of BigTIFF are wider. */
function openTiff(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const number = (at: number, width: Width): number => {
    if (width === 1) return view.getUint8(at);
    if (width === 2) return view.getUint16(at, little);
    return width === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  };
  const big = number(2, 2) === 43;
  const word: Width = big ? 8 : 4;
  const has = (at: number, sizeBytes: number): boolean => at + sizeBytes <= bytes.length;
  const countBytes: Width = big ? 8 : 2;
  return { number, has, word, countBytes, entryBytes: 4 + 2 * word, firstAt: big ? 8 : 4 };
}

/** The fields of `wanted` tags; reading outside the file ends it. */
function readFields(bytes: Uint8Array, wanted: readonly number[]): Map<number, Field> {
  const { number, has, word, countBytes, entryBytes, firstAt } = openTiff(bytes);
  const fields = new Map<number, Field>();
  if (!has(firstAt, word)) return fields;
  const start = number(firstAt, word);
  if (!has(start, countBytes)) return fields;
  const entries = number(start, countBytes);
  for (let i = 0, at = start + countBytes; i < entries && has(at, entryBytes); i++, at += entryBytes) {
    const name = number(at, 2);
    const width = widthOfType[number(at + 2, 2)];
    if (!wanted.includes(name) || width === undefined) continue;
    const count = number(at + 4, word);
    const from = count * width <= word ? at + 4 + word : number(at + 4 + word, word);
    if (!has(from, count * width)) continue;
    fields.set(name, { at: from, width, values: Array.from({ length: count }, (_, n) => number(from + n * width, width)) });
  }
  return fields;
}

/** How many pictures the file holds, each with a directory that names the next; a circle ends it, and so does `most` + 1. */
export function countDirectories(bytes: Uint8Array, most: number): number {
  const { number, has, word, countBytes, entryBytes, firstAt } = openTiff(bytes);
  const seen = new Set<number>();
  for (let link = firstAt; seen.size <= most && has(link, word); ) {
    const start = number(link, word);
    if (start === 0 || seen.has(start) || !has(start, countBytes)) break;
    seen.add(start);
    link = start + countBytes + number(start, countBytes) * entryBytes;
  }
  return seen.size;
}

/** Rejects with IMAGE_UNSUPPORTED or IMAGE_UNREADABLE what would otherwise decode to something that the file does not say. */
export function checkTiff(bytes: Uint8Array, channels: number): void {
  const fields = readFields(bytes, Object.values(tag));
  // Bit 0 of the type: a copy of reduced size. The picture itself is in one of the directories below this one (DNG, NEF, ARW).
  if ((fields.get(tag.subfileType)?.values[0] ?? 0) & 1 && fields.has(tag.subDirectories))
    throw new DiptychError(
      'IMAGE_UNSUPPORTED',
      'Expected the picture itself first in a TIFF, got a small copy of it, as in raw files of cameras. Develop it to TIFF, PNG or JPEG.',
    );
  const codec = missingCodecs[fields.get(tag.compression)?.values[0] ?? 1];
  if (codec)
    throw new DiptychError(
      'IMAGE_UNSUPPORTED',
      `Expected a TIFF without compression or by LZW, Deflate, PackBits, CCITT or JPEG, got ${codec}. Save it again by one of those.`,
    );
  if (channels > 2 && fields.get(tag.sampleFormat)?.values[0] === 3)
    throw new DiptychError(
      'IMAGE_UNSUPPORTED',
      'Expected whole numbers as samples of a TIFF in colour, got floats, whose range the file does not say. Convert it to 8 or 16 bits.',
    );
  const offsets = fields.get(tag.tileOffsets)?.values ?? [];
  const counts = fields.get(tag.tileByteCounts)?.values ?? [];
  if (fields.get(tag.photometric)?.values[0] === palette && !fields.has(tag.colorMap))
    throw new DiptychError(
      'IMAGE_UNREADABLE',
      'Expected a complete tiff image, its palette is not in the file. Replace the file.',
    );
  const end = offsets.reduce((last, offset, tile) => Math.max(last, offset + (counts[tile] ?? 0)), 0);
  if (end > bytes.length)
    throw new DiptychError(
      'IMAGE_UNREADABLE',
      `Expected a complete tiff image, its tiles end at byte ${end} and the file at ${bytes.length}. Replace the file.`,
    );
}

/** The same bytes, where the orientation is none of 1 to 8 a copy that says 1: libtiff counts such a number as damage, Pillow ignores it. */
export function withKnownOrientation(bytes: Uint8Array): Uint8Array {
  const field = readFields(bytes, [tag.orientation]).get(tag.orientation);
  const value = field?.values[0] ?? 1;
  if (!field || (value >= 1 && value <= 8)) return bytes;
  const copy = Uint8Array.from(bytes);
  copy.fill(0, field.at, field.at + field.width);
  copy[bytes[0] === 0x49 ? field.at : field.at + field.width - 1] = 1;
  return copy;
}
