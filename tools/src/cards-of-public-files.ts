/**
 * Cards that take a public ONNX file as it is, on pictures of yours, against onnxruntime: prints the largest difference.
 *
 *     node tools/src/cards-of-public-files.ts PYTHON open-nsfw|nudenet MODEL.onnx BACKEND IMAGE.png …
 *
 * PYTHON has onnxruntime, Pillow and OpenCV. Pictures are RGB PNG files, since this package decodes nothing else.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRuntime } from '@diptych/gpu-kernels';
import type { BackendName, Plugin, SafetyJudge } from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { fakeContext, presentedFromRaster } from '@diptych/plugin-kit/testing';
import { registry } from '@diptych/plugins';
import { repositoryRoot } from './repository.ts';

const [python, name, path, backend, ...images] = process.argv.slice(2);
if (python === undefined || path === undefined || backend === undefined || images.length === 0)
  throw new Error('Expected PYTHON CARD MODEL.onnx BACKEND IMAGE.png …');
const script = join(repositoryRoot, 'packages/plugins/python/export/check_public.py');
const printed = execFileSync(python, [script, name!, path, ...images], { maxBuffer: 2 ** 26 });
const expected = JSON.parse(printed.toString()) as readonly (readonly number[])[];

const model = readFileSync(path);
const sha256 = createHash('sha256').update(model).digest('hex');
await using runtime = await openRuntime({ prefer: backend as BackendName });
const plugin = (await registry[`safety-judge/${name}` as keyof typeof registry]()).default as unknown as Plugin;
const options = plugin.options.parse({ model: 'model.onnx', card: { sha256 }, batch: 1 });
const judge = (await plugin.create(options, fakeContext({ runtime, weights: { model } }))) as SafetyJudge;
let largest = 0;
for (const [index, image] of images.entries()) {
  const presented = presentedFromRaster(decodePng(readFileSync(image)));
  const [verdict] = await judge.judge([{ image: presented, prompt: '' }], new AbortController().signal);
  if (verdict?.status !== 'scored') throw new Error(`Expected scores of ${image}, got ${verdict?.status}.`);
  const scores = Object.values(verdict.raw!) as readonly number[];
  for (const [place, score] of scores.entries()) largest = Math.max(largest, Math.abs(score - expected[index]![place]!));
}
await judge[Symbol.asyncDispose]?.();
console.log(
  `${name} on ${runtime.info.backend}, ${images.length} pictures: largest difference ${largest.toExponential(1)}.`,
);
