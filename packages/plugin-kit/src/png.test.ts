import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RasterImage } from './image.ts';
import { decodePng, encodePng } from './png.ts';

const raster = (channels: 3 | 4): RasterImage => ({
  width: 7,
  height: 5,
  channels,
  data: Uint8Array.from({ length: 7 * 5 * channels }, (_, i) => (i * 73 + (i >> 3) * 29) & 255),
});

describe('png', () => {
  it.each([3, 4] as const)('reads back the pixels it wrote with %d channels', (channels) => {
    expect(decodePng(encodePng(raster(channels)))).toEqual(raster(channels));
  });

  it('writes the signature, the size, and a checksum of each chunk', () => {
    const bytes = Buffer.from(encodePng(raster(3)));
    expect(bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([7, 5]);
    expect(bytes.readUInt32BE(29)).toBe(crc32(bytes.subarray(12, 29)));
  });

  it('refuses pixels that do not fit the size', () => {
    expect(() => encodePng({ ...raster(3), width: 8 })).toThrow('Expected 8 × 5 × 3 bytes');
  });

  it('refuses a file it did not write', () => {
    expect(() => decodePng(new Uint8Array(100))).toThrow('another file');
    expect(() => decodePng(encodePng(raster(3)).slice(0, 60))).toThrow();
  });
});
