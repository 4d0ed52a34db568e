import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../text/canonical-json.ts';
import { decodeImage } from './decode-image.ts';

const limits = { maxImageBytes: 2 ** 26, maxImagePixels: 100_000_000 };
const goldens = join(import.meta.dirname, '..', '..', 'goldens', 'images');
interface Golden {
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
  readonly rgba?: string;
  readonly oriented?: { readonly width: number; readonly height: number; readonly rgb: string };
}
const { images } = JSON.parse(readFileSync(join(goldens, 'digests.json'), 'utf8')) as { images: Record<string, Golden> };

describe('decoding gives the pixels of Pillow', () => {
  it.each(Object.entries(images))('%s', async (name, golden) => {
    const bytes = await readFile(join(goldens, name));
    const { width, height, channels, data } = await decodeImage(bytes, limits);
    expect({ width, height, channels }).toEqual({ width: golden.width, height: golden.height, channels: 3 });
    expect(sha256Hex(data)).toBe(golden.rgb);
    if (golden.rgba) expect(sha256Hex((await decodeImage(bytes, limits, { alpha: 'keep' })).data)).toBe(golden.rgba);
    if (golden.oriented) {
      const turned = await decodeImage(bytes, limits, { orientation: 'apply' });
      expect({ width: turned.width, height: turned.height, rgb: sha256Hex(turned.data) }).toEqual(golden.oriented);
    }
  });

  it('blends onto white by the rounded formula', async () => {
    const bytes = await readFile(join(goldens, 'rgba.png'));
    const { data: rgba } = await decodeImage(bytes, limits, { alpha: 'keep' });
    const { data: white } = await decodeImage(bytes, limits, { alpha: 'white' });
    for (let pixel = 0; pixel < rgba.length / 4; pixel += 17) {
      const alpha = rgba[pixel * 4 + 3]!;
      expect(white[pixel * 3]).toBe(Math.round((rgba[pixel * 4]! * alpha) / 255) + 255 - alpha);
    }
  });
});

/** A collection of real images next to the repository, which is not part of it, and a Python with Pillow: the one named, or that of the ready workers. */
const corpus = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'corpus');
const ofWorkers = join(import.meta.dirname, '..', '..', '..', 'plugins', 'python', '.venv', 'bin', 'python');
const python = process.env.DIPTYCH_PILLOW_PYTHON ?? (existsSync(ofWorkers) ? ofWorkers : undefined);
const reason = !existsSync(corpus)
  ? 'no image collection at ../shared/corpus'
  : python
    ? undefined
    : 'no Python with Pillow: make that of the workers (node tools/src/python-environment.ts) or name one in DIPTYCH_PILLOW_PYTHON';
const digestScript = `
import hashlib, json, sys
from PIL import Image
print(json.dumps({f: hashlib.sha256(Image.open(f).convert("RGB").tobytes()).hexdigest() for f in json.load(sys.stdin)}))`;

// Measured once over all images with Pillow 13.0.0 (745 then) and with 12.0.0 (750): every pixel equal, so no tolerance is needed.
describe.skipIf(reason !== undefined)(`decoding of a real collection${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('gives the pixels of Pillow for every tenth image', { timeout: 60_000 }, async () => {
    const lines = (await readFile(join(corpus, 'manifest.jsonl'), 'utf8')).trim().split('\n');
    const files = lines
      .filter((_, place) => place % 10 === 0)
      .map((line) => join(corpus, (JSON.parse(line) as { file: string }).file));
    const expected = JSON.parse(
      execFileSync(python ?? '', ['-W', 'ignore', '-c', digestScript], { input: JSON.stringify(files), encoding: 'utf8' }),
    ) as Record<string, string>;
    for (const file of files)
      expect(sha256Hex((await decodeImage(await readFile(file), limits)).data), file).toBe(expected[file]);
  });
});
