/**
 * A small PNG writer and reader for 8-bit RGB and RGBA, for plugins that draw in pixels and for tests that need
 * real files. It is not a codec: it reads only what it writes (8 bits, not interlaced, colour types 2 and 6), and
 * every file of a user is decoded by core. Format: PNG specification, third edition, W3C 2025.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { DiptychError } from './errors.ts';
import type { RasterImage } from './image.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const colourTypes = { 3: 2, 4: 6 } as const;

function chunk(type: string, body: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  out.set(body, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}

/** Filter type 2 (Up) on every row but the first: cheap, and good on gradients. */
function filterRows({ width, height, channels, data }: RasterImage): Buffer {
  const stride = width * channels;
  const out = Buffer.alloc(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const from = y * stride;
    const to = y * (stride + 1) + 1;
    if (y === 0) {
      out.set(data.subarray(0, stride), 1);
      continue;
    }
    out[to - 1] = 2;
    for (let x = 0; x < stride; x++) out[to + x] = data[from + x]! - data[from + x - stride]!;
  }
  return out;
}

/** The same raster and level always give the same bytes under one version of Node. `level` is zlib's, 0 to 9. */
export function encodePng(raster: RasterImage, level = 1): Uint8Array {
  const { width, height, channels, data } = raster;
  if (data.length !== width * height * channels || width < 1 || height < 1) {
    throw new DiptychError(
      'INVARIANT_BROKEN',
      `Expected ${width} × ${height} × ${channels} bytes of pixels, received ${data.length}. Give a raster whose data fits its size.`,
    );
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourTypes[channels];
  const pixels = deflateSync(filterRows(raster), { level });
  return new Uint8Array(
    Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]),
  );
}

function unreadable(what: string): DiptychError {
  return new DiptychError(
    'IMAGE_UNREADABLE',
    `Expected a PNG as encodePng writes it, received ${what}. Decode other files with core.`,
  );
}

/** Predictors of PNG section 9: a is left, b above, c above left. */
function predict(filter: number, a: number, b: number, c: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return a;
  if (filter === 2) return b;
  if (filter === 3) return (a + b) >> 1;
  if (filter !== 4) throw unreadable(`row filter ${filter}`);
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function unfilterRows(rows: Uint8Array, stride: number, height: number, channels: number): Uint8Array {
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= channels ? data[at - channels]! : 0;
      const above = y > 0 ? data[at - stride]! : 0;
      const aboveLeft = x >= channels && y > 0 ? data[at - stride - channels]! : 0;
      data[at] = rows[y * (stride + 1) + 1 + x]! + predict(filter, left, above, aboveLeft);
    }
  }
  return data;
}

/** Reads what `encodePng` wrote. Throws IMAGE_UNREADABLE on anything else. */
export function decodePng(bytes: Uint8Array): RasterImage {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < 57 || !file.subarray(0, 8).equals(signature)) throw unreadable('another file');
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const channels = file[25] === 2 ? 3 : file[25] === 6 ? 4 : undefined;
  if (file[24] !== 8 || channels === undefined || file[28] !== 0) throw unreadable('another form of PNG');
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const stride = width * channels;
  const rows = inflateSync(Buffer.concat(parts), { maxOutputLength: height * (stride + 1) });
  if (rows.length !== height * (stride + 1)) throw unreadable('a truncated PNG');
  return { width, height, channels, data: unfilterRows(rows, stride, height, channels) };
}
