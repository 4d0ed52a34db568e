/**
 * Counts the pixels that the first frame of a GIF has data for (GIF89a, sections 18 to 23 and appendix F; LZW by Welch,
 * 1984). libnsgif leaves black what has none, without a word, where the data ends in order: by an end code or a terminator.
 */

/** Codes have at most 12 bits. */
const maxCodes = 4096;

/** Bytes of a colour table, by the flags that announce it. */
const tableBytes = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

/** Where the first image descriptor lies; undefined where there is none. */
function findFrame(bytes: Uint8Array): number | undefined {
  let at = 13 + tableBytes(bytes[10] ?? 0);
  while (at < bytes.length) {
    if (bytes[at] === 0x2c) return at;
    if (bytes[at] !== 0x21) return undefined;
    at += 2;
    while ((bytes[at] ?? 0) > 0) at += bytes[at]! + 1;
    at += 1;
  }
  return undefined;
}

/** The bytes of sub-blocks up to their terminator or the end of the file. */
function joinBlocks(bytes: Uint8Array, from: number): Uint8Array {
  const joined = new Uint8Array(bytes.length - from);
  let length = 0;
  for (let at = from; (bytes[at] ?? 0) > 0; at += bytes[at]! + 1) {
    const block = bytes.subarray(at + 1, at + 1 + bytes[at]!);
    joined.set(block, length);
    length += block.length;
  }
  return joined.subarray(0, length);
}

/** How many pixels the codes stand for, counted until `enough`; what follows an undefined code counts for nothing. */
function countPixels(data: Uint8Array, rootBits: number, enough: number): number {
  const clear = 1 << rootBits;
  const lengths = new Uint32Array(maxCodes).fill(1, 0, clear);
  let [next, width, previous] = [clear + 2, rootBits + 1, 0];
  let [buffer, filled, pixels] = [0, 0, 0];
  for (const byte of data) {
    buffer |= byte << filled;
    filled += 8;
    while (filled >= width) {
      const code = buffer & ((1 << width) - 1);
      buffer >>>= width;
      filled -= width;
      if (code === clear) {
        [next, width, previous] = [clear + 2, rootBits + 1, 0];
        continue;
      }
      const isDefined = previous === 0 ? code < clear : code <= next && code !== clear + 1;
      if (!isDefined) return pixels;
      if (previous > 0 && next < maxCodes) {
        lengths[next++] = previous + 1;
        if (next === 1 << width && width < 12) width += 1;
      }
      previous = lengths[code]!;
      pixels += previous;
      if (pixels >= enough) return pixels;
    }
  }
  return pixels;
}

/** Pixels of the first frame, and how many of them the file has. */
export function countGifPixels(bytes: Uint8Array): { readonly expected: number; readonly found: number } {
  const frame = findFrame(bytes);
  if (frame === undefined || frame + 11 > bytes.length) return { expected: 1, found: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset + frame, 10);
  const expected = view.getUint16(5, true) * view.getUint16(7, true);
  const data = frame + 10 + tableBytes(view.getUint8(9));
  const rootBits = bytes[data] ?? 0;
  if (rootBits < 1 || rootBits > 8) return { expected, found: 0 };
  return { expected, found: countPixels(joinBlocks(bytes, data + 1), rootBits, expected) };
}
