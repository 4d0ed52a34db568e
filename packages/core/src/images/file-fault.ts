/** Finds damage that the codecs of libvips pass over and Pillow refuses, so that half a picture is never scored as a whole one. */
import { crc32 } from 'node:zlib';
import type { Container } from './container.ts';
import { countGifPixels } from './gif-codes.ts';
import { endsInOrder } from './jpeg-end.ts';

/** What is wrong with a file that its codec decodes all the same; undefined where nothing is known to be. */
export function findFault(bytes: Uint8Array, container: Container): string | undefined {
  if (container === 'png') {
    const name = findBrokenChunk(bytes);
    return name === undefined ? undefined : `the checksum of its chunk ${JSON.stringify(name)} does not match`;
  }
  if (container === 'gif') {
    const { expected, found } = countGifPixels(bytes);
    return found < expected ? `it has data for ${found} of ${expected} pixels` : undefined;
  }
  if (container === 'jpeg' && !endsInOrder(bytes)) return 'its data is broken off by a marker that does not belong there';
  return undefined;
}

/** The first chunk before the pixels whose checksum is wrong (PNG specification, 5.3): libpng leaves out such a one unless it is critical. */
function findBrokenChunk(bytes: Uint8Array): string | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= view.length; ) {
    const length = view.readUInt32BE(at);
    const name = view.toString('latin1', at + 4, at + 8);
    const end = at + 8 + length;
    if (name === 'IDAT' || end + 4 > view.length) return undefined;
    if (crc32(view.subarray(at + 4, end)) !== view.readUInt32BE(end)) return name;
    at = end + 4;
  }
  return undefined;
}
