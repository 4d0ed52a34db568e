/**
 * Every ready card, end to end, against the method in Python: the real architecture with noise for weights, shrunk, exported
 * by the script that users run; the published preparation by Pillow; scores by torch. A wrong filter, crop, mean, order of
 * labels or norm moves a score far more than the tolerance.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openRuntime } from '@diptych/gpu-kernels';
import type { Detector, Plugin, Runtime, SafetyJudge } from '@diptych/plugin-kit';
import { encodePng } from '@diptych/plugin-kit/png';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawFormulaImage, formulaImageName, goldenImages } from '../../goldens/formula-images.ts';
import { formulaCases } from '../testing/formula-images.ts';
import { pythonWithTorch } from '../testing/python-with-torch.ts';
import { loadCard } from './load-card.ts';

const python = pythonWithTorch();
const script = fileURLToPath(new URL('../../python/export/check_cards.py', import.meta.url));
const signal = new AbortController().signal;
/** float32 in another order of sums moves these logits, which are below 30, by about 1e-6 of themselves. */
const tolerance = 1e-4;

interface Checked {
  readonly sha256: string;
  readonly scores: readonly unknown[];
}
const detectors = ['aiornot-siglip2', 'b-free', 'c2p-clip', 'cnndetect', 'community-forensics', 'de-fake-image', 'drct-clip', 'drct-convnext', 'effort', 'fatformer', 'freqnet', 'lgrad', 'npr', 'patchcraft', 'rine', 'safe', 'univfd'] as const; // biome-ignore format: a list
const judges = { mhsc: ['sexual', 'violent', 'disturbing', 'hateful', 'political'], 'laion-nsfw': ['nsfw'], q16: ['q16'], 'sd-safety-checker': ['concepts'] }; // biome-ignore format: a table

/** OpenCV is no package of the test environment: its filter is met by images that need no resize, and by the goldens of filters. */
const needsNoResize = (name: string): boolean => name.includes('224x224');
/** B-Free attends 1301 tokens five times an image: one image that is larger, one too low, one tiled, one refused. */
const forFiveCrops = /1024x768|640x427|61x40|1x1/;

describe.skipIf(python.absent)(
  `ready cards against their methods in Python${python.absent ? ` (skipped: ${python.reason})` : ''}`,
  () => {
    // biome-ignore format: one title
    const folder = mkdtempSync(join(tmpdir(), 'diptych-cards-'));
    const cases = formulaCases('native');
    let checked: Record<string, Checked>;
    let runtime: Runtime;
    beforeAll(async () => {
      const files = goldenImages.map((formula) => join(folder, `${formulaImageName(formula)}.png`));
      for (const [index, formula] of goldenImages.entries()) {
        const { width, height, data } = drawFormulaImage(formula);
        writeFileSync(files[index]!, encodePng({ width, height, channels: 3, data }));
      }
      const { stdout } = await promisify(execFile)(python.path, [script, folder, ...files], { maxBuffer: 2 ** 24 });
      checked = JSON.parse(stdout) as Record<string, Checked>;
      runtime = await openRuntime();
    }, 300_000);
    afterAll(async () => {
      await runtime?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    const network = (name: string): Uint8Array => readFileSync(join(folder, `${name}.onnx`));
    async function create<T>(path: string, given: object, weights: Record<string, Uint8Array>): Promise<T> {
      const plugin = (await loadCard(path)).default as Plugin;
      return (await plugin.create(plugin.options.parse(given), fakeContext({ runtime, weights }))) as T;
    }

    it.each(detectors)('detector %s', { timeout: 60_000 }, async (name) => {
      const given = { model: `${name}.onnx`, card: { sha256: checked[name]!.sha256 } };
      const detector = await create<Detector>(`./detectors/${name}.yaml`, given, { model: network(name) });
      const expected = checked[name]!.scores as number[][];
      for (const [index, { name: image, image: presented }] of cases.entries()) {
        if (name === 'effort' && !needsNoResize(image)) continue;
        if (name === 'b-free' && !forFiveCrops.test(image)) continue;
        const [detection] = await detector.detect([presented], signal);
        // B-Free and PatchCraft have no score for an image without a whole patch, and their cards abstain.
        if (expected[index] === null) {
          expect(detection, image).toMatchObject({ status: 'abstained' });
          continue;
        }
        expect((detection as { syntheticScore: number }).syntheticScore, image).toBeCloseTo(expected[index]!.at(-1)!, 4);
      }
      await detector[Symbol.asyncDispose]?.();
    });

    it('safety judge falconsai-nsfw', { timeout: 60_000 }, async () => {
      const name = 'falconsai-nsfw';
      const given = { model: `${name}.onnx`, card: { sha256: checked[name]!.sha256 } };
      const judge = await create<SafetyJudge>(`./safety-judges/${name}.yaml`, given, { model: network(name) });
      const expected = checked[name]!.scores as number[][];
      for (const [index, { name: image, image: presented }] of cases.entries()) {
        const [verdict] = await judge.judge([{ image: presented, prompt: '' }], signal);
        expect((verdict as { hazardScores: { sexual: number } }).hazardScores.sexual, image).toBeCloseTo(
          expected[index]![1]!,
          4,
        );
      }
      await judge[Symbol.asyncDispose]?.();
    });

    it.each(Object.entries(judges))('safety judge %s', { timeout: 60_000 }, async (name, heads) => {
      const tower = 'clip-vit-l-14';
      const given = {
        model: 'tower.onnx',
        card: { sha256: checked[tower]!.sha256 },
        heads: Object.fromEntries(heads.map((head) => [head, { model: 'head.onnx', sha256: checked[name]!.sha256 }])),
      };
      const weights = { model: network(tower), ...Object.fromEntries(heads.map((head) => [`head ${head}`, network(name)])) };
      const judge = await create<SafetyJudge>(`./safety-judges/${name}.yaml`, given, weights);
      const expected = checked[tower]!.scores as Record<string, number[]>[];
      for (const [index, { name: image, image: presented }] of cases.entries()) {
        const [verdict] = await judge.judge([{ image: presented, prompt: '' }], signal);
        const { hazardScores } = verdict as { hazardScores: Record<string, number> };
        for (const score of Object.values(hazardScores))
          expect(Math.abs(score - expected[index]![name]!.at(-1)!), image).toBeLessThan(tolerance);
        expect(Object.keys(hazardScores).length).toBeGreaterThan(0);
      }
      await judge[Symbol.asyncDispose]?.();
    });
  },
);
