/** Image files as users have them, well-formed ones of unusual kinds and broken ones. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encodePng } from '@diptych/plugin-kit/testing';

export const noiseOf = (width: number, height: number): Uint8Array =>
  encodePng({
    width,
    height,
    channels: 3,
    data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7919) % 251),
  });

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bits?: number;
  /** 0 grey, 3 palette. */
  readonly colour?: number;
}

function png({ width, height, bits = 8, colour = 0 }: PngHeader, rows: Uint8Array, extra: readonly Buffer[] = []): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  header[9] = colour;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk('IHDR', header), ...extra, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

/** Rows with filter byte 0 and values that vary, so that no image is taken for a placeholder. */
const rowsOf = (rowBytes: number, height: number, modulus: number): Uint8Array =>
  Uint8Array.from({ length: (rowBytes + 1) * height }, (_, at) =>
    at % (rowBytes + 1) === 0 ? 0 : ((at * 7919) % 251) % modulus,
  );

/** A GIF89a of two frames of 1 × 1, the smallest animation. Made by hand from the specification. */
function animatedGif(): Buffer {
  const head = [...Buffer.from('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255];
  const frame = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
  return Buffer.from([...head, ...frame, ...frame, 0x3b]);
}

/** What became of each file: an error code, or `readable`. */
export const expectedOfImages: Readonly<Record<string, string>> = {
  'animated.gif': 'readable',
  'bomb.png': 'readable', // 64 × 64 stated, 100 MB inflated: the decoder stops at what the header states
  'good.png': 'readable',
  'huge.png': 'IMAGE_TOO_LARGE',
  'outside.png': 'PATH_OUTSIDE_ROOT',
  'page.png': 'IMAGE_UNREADABLE',
  'palette-alpha.png': 'readable',
  'sixteen-bits.png': 'readable',
  'truncated.png': 'IMAGE_UNREADABLE',
  'wrong-ending.jpg': 'readable',
  'zero-bytes.png': 'IMAGE_UNREADABLE',
};

/** CMYK, animated WebP and every codec's truncation are tested beside the codec, in core. */
export async function writeBadImages(folder: string, outside: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const good = noiseOf(64, 64);
  const palette = [chunk('PLTE', rowsOf(11, 1, 251)), chunk('tRNS', Uint8Array.of(0, 128, 255, 9))];
  const files: Record<string, Uint8Array> = {
    'animated.gif': animatedGif(),
    'bomb.png': png({ width: 64, height: 64 }, Buffer.concat([rowsOf(64, 64, 251), Buffer.alloc(100_000_000)])),
    'good.png': good,
    'huge.png': png({ width: 30_000, height: 30_000 }, Buffer.alloc(30_001)),
    'page.png': Buffer.from('<html><script>alert(1)</script></html>'),
    'palette-alpha.png': png({ width: 16, height: 16, colour: 3 }, rowsOf(16, 16, 4), palette),
    'sixteen-bits.png': png({ width: 16, height: 16, bits: 16 }, rowsOf(32, 16, 251)),
    'truncated.png': good.subarray(0, good.length / 2),
    'wrong-ending.jpg': good,
    'zero-bytes.png': new Uint8Array(),
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  await symlink(outside, join(folder, 'outside.png'));
}
