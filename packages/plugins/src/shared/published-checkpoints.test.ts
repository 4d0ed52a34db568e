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
const exporter = fileURLToPath(new URL('../../python/export/export.py', import.meta.url));

interface Loaded {
  readonly difference: number;
  readonly effort: number;
  readonly refused: Readonly<Record<string, string>>;
}

describe.skipIf(python.absent)(`published checkpoints${python.absent ? ` (skipped: ${python.reason})` : ''}`, () => {
  it("FatFormer's file and Effort's are read under their own names, and nothing else is", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'diptych-checkpoints-'));
    const { stdout } = await promisify(execFile)(python.path, [script, folder]);
    rmSync(folder, { recursive: true });
    const { difference, effort, refused } = JSON.parse(stdout) as Loaded;
    expect(difference).toBe(0);
    // A product of factors in float32 is not the weight to the last bit.
    expect(effort).toBeLessThan(1e-4);
    expect(refused).toEqual({
      missing: expect.stringContaining("without ['language_guided_alignment.token_prefix']"),
      'left over': expect.stringContaining("with ['fc.weight']"),
      'other wavelet': expect.stringContaining("Haar's filter"),
      'other image tower': expect.stringContaining('image_encoder.proj'),
      'other end': expect.stringContaining('to end at token 11'),
    });
  });

  it('are told in words where the files are not there or are others, without a trace of Python', {
    timeout: 120_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'diptych-checkpoints-'));
    const other = fileURLToPath(new URL('../../goldens/onnx/classifier.onnx', import.meta.url));
    const fault = async (...parameters: string[]): Promise<string> => {
      const given = [exporter, ...parameters, '--output', join(folder, 'out.onnx')];
      return promisify(execFile)(python.path, given).then(
        () => expect.unreachable('exported'),
        ({ stderr }: { readonly stderr: string }) => stderr,
      );
    };
    const save = 'import torch; torch.save({"epoch": 3}, "named.pth"); torch.save({1: torch.zeros(2)}, "numbered.pth")';
    await promisify(execFile)(python.path, ['-c', save], { cwd: folder });
    const [lacking, numbered] = [
      await fault('sd-safety-checker', '--checkpoint', join(folder, 'named.pth')),
      await fault('cnndetect', '--checkpoint', join(folder, 'numbered.pth')),
    ];
    const [absent, wrong, hub] = [
      await fault('cnndetect', '--checkpoint', 'absent.pth'),
      await fault('cnndetect', '--checkpoint', other),
      await fault('univfd', '--checkpoint', other, '--backbone', 'openai/clip-vit-large-patch14'),
    ];
    rmSync(folder, { recursive: true });
    expect(lacking).toMatch(/^Expected .* the weights of sd-safety-checker as published, got: no tensor concept_embeds\n/);
    expect(numbered).toMatch(/^Expected a checkpoint of tensors by name, got numbered ones/);
    expect(absent).toMatch(/^Expected a file at absent\.pth, there is none/);
    expect(wrong).toMatch(
      /^Expected .*classifier\.onnx to hold the weights of cnndetect as published, got: .*no checkpoint/,
    );
    expect(hub).toMatch(/^Expected a folder at openai\/clip-vit-large-patch14, there is none/);
  });
});
