/** For tests: scores on real photographs and generated images, which only some machines have, must not depend on the backend. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { presentImage } from '@diptych/core';
import { openRuntime, runtimeReport } from '@diptych/gpu-kernels';
import type { BackendName, Detector, PluginContext, PresentedImage, Runtime } from '@diptych/plugin-kit';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { registry } from '@diptych/plugins';
import { describe, expect, vi } from 'vitest';

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));
const manifest = `${shared}corpus/manifest.jsonl`;
const hasNative = (await runtimeReport()).some(({ backend, ok }) => backend === 'native' && ok);
const reason = [existsSync(manifest) ? '' : '../shared/corpus is not here', hasNative ? '' : 'the native addon is not built']
  .filter(Boolean)
  .join(', ');

/** A dozen, spread over the whole manifest. */
async function realImages(): Promise<PresentedImage[]> {
  const lines = readFileSync(manifest, 'utf8').trim().split('\n');
  const chosen = lines.filter((_, index) => index % Math.ceil(lines.length / 12) === 0);
  const limits = { maxImageBytes: 50_000_000, maxImagePixels: 100_000_000 };
  return Promise.all(chosen.map((line) => presentImage(readFileSync(`${shared}corpus/${JSON.parse(line).file}`), limits)));
}

type Open = (context: PluginContext) => Promise<Pick<Detector, 'maxBatch' | 'detect'> & Partial<AsyncDisposable>>;

/** All numbers that a detector gives, image by image; empty where it abstains. */
async function numbersOn(
  backend: BackendName,
  images: readonly PresentedImage[],
  weights: Record<string, Uint8Array>,
  open: Open,
): Promise<number[][]> {
  const runtime: Runtime = await openRuntime({ prefer: backend });
  const detector = await open(fakeContext({ runtime, weights }));
  const numbers: number[][] = [];
  for (let at = 0; at < images.length; at += detector.maxBatch) {
    for (const detection of await detector.detect(images.slice(at, at + detector.maxBatch), new AbortController().signal)) {
      numbers.push(
        detection.status === 'scored'
          ? [detection.syntheticScore]
          : detection.status === 'features'
            ? [...detection.features]
            : [],
      );
    }
  }
  await detector[Symbol.asyncDispose]?.();
  await runtime[Symbol.asyncDispose]();
  return numbers;
}

export async function expectParity(weights: Record<string, Uint8Array>, open: Open): Promise<void> {
  const images = await realImages();
  const [native, reference] = [
    await numbersOn('native', images, weights, open),
    await numbersOn('reference', images, weights, open),
  ];
  expect(native.filter((numbers) => numbers.length > 0).length).toBeGreaterThan(8);
  for (const [index, numbers] of native.entries()) {
    expect(numbers).toHaveLength(reference[index]!.length);
    for (const [at, value] of numbers.entries()) expect(Math.abs(value - reference[index]![at]!)).toBeLessThan(1e-3);
  }
}

export async function expectParityOfTinyLadeda(variant: 'forensynth' | 'wildrf'): Promise<void> {
  const { default: plugin } = await registry['detector/tiny-ladeda']();
  const checkpoint = readFileSync(`${shared}weights/tiny-ladeda-${variant}.pth`);
  await expectParity({ checkpoint }, async (context) => plugin.create({ weights: 'given', variant }, context));
}

export function describeOnRealImages(tests: () => void): void {
  vi.setConfig({ testTimeout: 180_000 });
  describe.skipIf(reason !== '')(`scores on a dozen real images${reason === '' ? '' : ` (skipped: ${reason})`}`, tests);
}
