/**
 * Whether libjpeg would come to the end of a JPEG. libvips stops after the last row, so that it never sees what stands between the
 * data and the end; Pillow reads on (`jpeg_finish_decompress`). A marker that damage made in the midst of the data leaves the
 * rest of the picture grey, and is mostly one that does not belong there. Markers are those of ITU-T T.81, table B.1.
 */

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;
/** APPn, COM and DNL have a length and are passed over. */
const isSkipped = (marker: number): boolean => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe || marker === 0xdc;
const lengthAt = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;

interface Scan {
  /** Where its data begins. */
  readonly start: number;
  readonly hasRestarts: boolean;
}

/** The data of a sequential JPEG whose components are in one scan; undefined of others, which libvips too reads to the end. */
function findOnlyScan(bytes: Uint8Array): Scan | undefined {
  let components = 0;
  let hasRestarts = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0 || marker === 1 || isRestart(marker)) {
      at += 2;
      continue;
    }
    const length = lengthAt(bytes, at + 2);
    if (marker === 0xda) return bytes[at + 4] === components ? { start: at + 2 + length, hasRestarts } : undefined;
    if (marker === 0xc0 || marker === 0xc1) components = bytes[at + 9] ?? 0;
    if (marker === 0xdd) hasRestarts = lengthAt(bytes, at + 4) > 0;
    at += 2 + length;
  }
  return undefined;
}

/** Where the next marker stands at or after `from`; stuffed zeros and fill bytes are none. */
function nextMarker(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1))
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  return undefined;
}

/** The last restart marker of the data, before which libjpeg passes over markers that nobody defined. */
function lastRestart(bytes: Uint8Array, { start, hasRestarts }: Scan): number {
  let last = start;
  if (!hasRestarts) return last;
  for (let at = nextMarker(bytes, start); at !== undefined; at = nextMarker(bytes, at + 2)) {
    if (isRestart(bytes[at + 1]!)) last = at;
    else if (bytes[at + 1]! >= 0xc0) break;
  }
  return last;
}

/** False where a marker that cannot follow the data of a scan, or the end of the file, comes before the end of the image. */
export function endsInOrder(bytes: Uint8Array): boolean {
  const scan = findOnlyScan(bytes);
  if (!scan) return true;
  for (let at = nextMarker(bytes, lastRestart(bytes, scan)); at !== undefined; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) return true;
    if (isRestart(marker) || marker === 1) at = nextMarker(bytes, at + 2);
    else if (isSkipped(marker) && at + 4 <= bytes.length) at = nextMarker(bytes, at + 2 + lengthAt(bytes, at + 2));
    else return false;
  }
  return false;
}
