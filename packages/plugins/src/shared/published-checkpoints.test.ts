/** A published file whose tensors need more than a name each: that it is read whole, and that what is not it is refused. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { pythonWithTorch } from '../testing/python-with-torch.ts';

const python = pythonWithTorch();
const script = fileURLToPath(new URL('../../python/export/check_loading.py', import.meta.url));

describe.skipIf(python.absent)(`published checkpoints${python.absent ? ` (skipped: ${python.reason})` : ''}`, () => {
  it("FatFormer's file is read under its own names, and nothing else is", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'diptych-checkpoints-'));
    const { stdout } = await promisify(execFile)(python.path, [script, folder]);
    rmSync(folder, { recursive: true });
    const { difference, refused } = JSON.parse(stdout) as { difference: number; refused: Record<string, string> };
    expect(difference).toBe(0);
    expect(refused).toEqual({
      missing: expect.stringContaining("without ['language_guided_alignment.token_prefix']"),
      'left over': expect.stringContaining("with ['fc.weight']"),
      'other wavelet': expect.stringContaining("Haar's filter"),
      'other image tower': expect.stringContaining('image_encoder.proj'),
      'other end': expect.stringContaining('to end at token 11'),
    });
  });
});
