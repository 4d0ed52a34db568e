import { crc32, deflateSync } from 'node:zlib';
import { sharpJpeg } from '../images/test-images.ts';

/** A small PNG (or JPEG) that depends on the seed alone; `colour` gives a constant one. */
export async function fakeImage({
  seed = 0,
  colour,
  format = 'png',
}: {
  seed?: number;
  colour?: number;
  format?: 'png' | 'jpeg';
}): Promise<Uint8Array> {
  const width = 8;
  const height = 8;
  const pixels = new Uint8Array(width * height * 3);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = colour ?? state >>> 24;
  }
  return format === 'png' ? encodePng(pixels, width, height) : sharpJpeg(pixels, width, height);
}

/** PNG, 8-bit RGB, no filter, by the PNG specification (ISO 15948). */
export function encodePng(rgb: Uint8Array, width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y++) rows.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(rows)),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
}

/** One PNG chunk: length, type, data, CRC over type and data. */
export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
