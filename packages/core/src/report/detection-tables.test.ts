import { describe, expect, it } from 'vitest';
import { plantedDetection } from '../testing/planted-detection.ts';
import { analyse } from './analyse.ts';
import { csvFiles } from './csv.ts';
import { markdownReport } from './markdown.ts';

const traces = {
  common: 0.5,
  family: 0.8,
  own: 1,
  fall: { diffusion: 0, mllm: 0.3 },
  scores: { diffusion: 0.75, mllm: 0.6, authentic: 0.4 },
};

describe('tables of claims 3 and 4', { timeout: 60_000 }, async () => {
  const { manifest, records } = plantedDetection({
    prompts: 30,
    authenticImages: 40,
    seed: 3,
    traces,
    levels: [0, 1],
    perturbations: { 'jpeg-40': 0.6 },
  });
  const model = await analyse(manifest, records);
  const markdown = markdownReport(model);
  const files = csvFiles(model);

  it('stand in the Markdown report, with perturbations in the sweep alone', () => {
    for (const title of [
      '### Robustness',
      '### Generators seen and not seen in training',
      '### Held-out generators and families',
      '### Transfer between generators: texture, as-received',
      '## Bypass',
      '### Bypass: scored, as-received, as it is',
      '### Bypass: texture, as-received, retrained on mllm-a',
    ])
      expect(markdown).toContain(title);
    expect(markdown).not.toContain('### Detector scored, jpeg-40');
    expect(markdown).not.toMatch(/NaN|undefined|null/);
  });

  it('say "not stated" of a detector that names no generator, and have no table without a row', async () => {
    const plugins = manifest.plugins.map((each) =>
      each.as === 'scored' ? { ...each, traits: { ...each.traits, trainedOn: [] } } : each,
    );
    const unstated = await analyse({ ...manifest, plugins }, records);
    const { rows } = unstated.detection.detectors.find(({ detector }) => detector === 'scored')!;
    expect(new Set(rows.map(({ seen }) => seen))).toEqual(new Set(['not stated']));
    const [, section] = markdownReport(unstated).split('### Generators seen and not seen in training');
    const [own] = section!.split('### ');
    expect(own!.trim()).toBe(
      '- scored, as-received: Which generators it was trained on is not stated, so none counts as seen or unseen.',
    );
    expect(Object.keys(csvFiles(unstated))).not.toContain('seen-unseen.csv');
  });

  it('hold one line for each row of the model, all as wide as the header', () => {
    const rows = {
      'robustness.csv': model.robustness.rows.length,
      'seen-unseen.csv': model.heldOut.seen.flatMap(({ sides }) => sides).length,
      'held-out.csv': model.heldOut.rows.length,
      'transfer.csv': 16,
      'bypass-levels.csv': model.bypass.arms.flatMap(({ levels }) => levels).length,
      'bypass-differences.csv': model.bypass.arms.flatMap(({ differences }) => differences).length,
      'bypass-slopes.csv': model.bypass.arms.flatMap(({ slopes, slopeDifferences }) => [...slopes, ...slopeDifferences])
        .length,
    };
    for (const [name, count] of Object.entries(rows)) {
      const lines = files[name]!.trimEnd().split('\r\n');
      expect(lines, name).toHaveLength(count + 1);
      expect(count, name).toBeGreaterThan(0);
      // No text of this run holds a comma.
      expect(new Set(lines.map((line) => line.split(',').length)).size, name).toBe(1);
    }
    expect(files['detection.csv']).toContain('jpeg-40');
  });

  it('make no files for claims that the study does not name', async () => {
    const unsafeOnly = await analyse({ ...manifest, study: { ...manifest.study, claims: ['unsafe'] } }, records);
    expect(Object.keys(csvFiles(unsafeOnly)).filter((name) => /robust|transfer|bypass|held|seen/.test(name))).toEqual([]);
    expect(markdownReport(unsafeOnly)).not.toContain('## Bypass');
  });
});
