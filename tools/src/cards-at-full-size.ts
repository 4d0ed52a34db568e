/**
 * The ready cards at their published sizes, on pictures of yours, against the methods in Python: prints a Markdown table.
 *
 *     node tools/src/cards-at-full-size.ts PYTHON FOLDER METHOD[,METHOD…] IMAGE.png …
 *
 * PYTHON has the packages of packages/plugins/python/export and, for `effort`, OpenCV. FOLDER takes the networks, up to
 * 1.3 GB each, which are deleted after use. Pictures are RGB PNG files, since this package decodes nothing else.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openRuntime } from '@diptych/gpu-kernels';
import type { Detector, Plugin, Runtime } from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { fakeContext, presentedFromRaster } from '@diptych/plugin-kit/testing';
import { registry } from '@diptych/plugins';
import { repositoryRoot } from './repository.ts';

const [python, folder, methods, ...images] = process.argv.slice(2);
if (python === undefined || folder === undefined || methods === undefined || images.length === 0)
  throw new Error('Expected PYTHON FOLDER METHOD[,METHOD…] IMAGE.png …');
const script = join(repositoryRoot, 'packages/plugins/python/export/check_cards.py');

interface Checked {
  readonly sha256: string;
  readonly parameters: number;
  readonly scores: readonly (readonly number[])[];
}

async function largestDifference(runtime: Runtime, name: string, { sha256, scores }: Checked): Promise<number> {
  const load = registry[`detector/${name}` as keyof typeof registry];
  const plugin = (await load()).default as unknown as Plugin;
  const options = plugin.options.parse({ model: `${name}.onnx`, card: { sha256 }, batch: 1 });
  const weights = { model: readFileSync(join(folder!, `${name}.onnx`)) };
  const detector = (await plugin.create(options, fakeContext({ runtime, weights }))) as Detector;
  let largest = 0;
  for (const [index, path] of images.entries()) {
    const presented = presentedFromRaster(decodePng(readFileSync(path)));
    const [detection] = await detector.detect([presented], new AbortController().signal);
    const score = detection?.status === 'scored' ? detection.syntheticScore : Number.NaN;
    largest = Math.max(largest, Math.abs(score - scores[index]!.at(-1)!));
  }
  await detector[Symbol.asyncDispose]?.();
  return largest;
}

await using runtime = await openRuntime();
console.log(`Backend ${runtime.info.backend} (${runtime.info.adapter}), ${images.length} pictures.\n`);
console.log('| card | parameters | scores, lowest to highest | largest difference |\n| --- | ---: | --- | ---: |');
for (const name of methods.split(',')) {
  const printed = execFileSync(python, [script, folder, ...images, '--full', '--only', name], { maxBuffer: 2 ** 24, stdio: ['ignore', 'pipe', 'ignore'] }); // biome-ignore format: one call
  const checked = (JSON.parse(printed.toString()) as Record<string, Checked>)[name]!;
  const difference = await largestDifference(runtime, name, checked);
  const ordered = checked.scores.map((row) => row.at(-1)!).toSorted((a, b) => a - b);
  const range = `${ordered[0]!.toFixed(4)} to ${ordered.at(-1)!.toFixed(4)}`;
  console.log(`| ${name} | ${checked.parameters.toLocaleString('en')} | ${range} | ${difference.toExponential(1)} |`);
  rmSync(join(folder, `${name}.onnx`));
}
