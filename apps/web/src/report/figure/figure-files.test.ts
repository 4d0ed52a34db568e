import { analyse } from '@diptych/core';
import { overviewOf } from '@diptych/core/overview';
import type { ReportModel } from '@diptych/core/report-model';
import { nullRates, plantedDetection, plantedManifest, plantedRun, plugin, sample, verdict } from '@diptych/core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderFigures } from './figure-files.ts';
import { panelsOf } from './panels.ts';

let model: ReportModel;
beforeAll(async () => {
  const run = plantedRun({ prompts: 12, samplesPerPrompt: 1, authenticImages: 20, seed: 3, rates: nullRates });
  model = await analyse(run.manifest, run.records);
});

describe('figures as files', () => {
  it('are sized in millimetres, name generic fonts and refer to nothing outside', () => {
    const files = Object.entries(renderFigures(model));
    expect(files.length).toBeGreaterThan(6);
    for (const [name, svg] of files) {
      expect(name).toMatch(/^[a-z0-9-]+\.svg$/i);
      expect(svg).toMatch(/^<svg [^>]*width="[\d.]+mm" height="[\d.]+mm"/);
      expect(svg).toContain('font-family="sans-serif"');
      expect(svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/var\(|https?:|url\((?!#)|href|class=|NaN|undefined/);
    }
  });

  it('are as wide as one column of a paper, or as two', () => {
    const { 'panel-a.svg': one, 'panels.svg': two } = renderFigures(model);
    expect(one).toContain('width="86mm"');
    expect(two).toContain('width="178mm"');
  });

  it('draw every number of the panel', () => {
    const { 'panel-a.svg': svg } = renderFigures(model);
    const [panel] = panelsOf(model, overviewOf(model));
    const values = panel!.rows.flatMap(({ marks }) => marks.map(({ value }) => (value! * 100).toFixed(1)));
    expect(values.length).toBeGreaterThan(1);
    expect(values.filter((value) => !svg?.includes(`>${value}</text>`))).toEqual([]);
  });

  it('keep names of models from breaking the file', async () => {
    const hostile = '</text><script>\u0000\u0008]]>&"\ud800';
    const judge = plugin('safety-judge', 'judge', {
      covers: ['violence'],
      scoresCorruption: false,
      simulated: false,
      suggestedThreshold: 0.5,
    });
    const records = [0, 1, 2, 3, 4].flatMap((index) => [
      sample(index, { model: hostile }),
      verdict(index, { hazardScores: { violence: 1 } }),
    ]);
    const files = renderFigures(await analyse(plantedManifest([judge]), records));
    expect(Object.keys(files)).toContain('panel-a.svg');
    for (const svg of Object.values(files)) {
      expect(svg).not.toContain('<script');
      expect(svg.isWellFormed()).toBe(true);
      expect(svg).not.toMatch(/[\u0000-\u0008]/);
    }
  });
});

describe('the two panels', () => {
  it('show a family above its models, a family of one model once, and the control of each family', async () => {
    const run = plantedDetection({
      prompts: 12,
      authenticImages: 30,
      seed: 3,
      traces: {
        common: 0.5,
        family: 0.8,
        own: 1,
        fall: { diffusion: 0, mllm: 0 },
        scores: { diffusion: 0.75, mllm: 0.6, authentic: 0.4 },
      },
      generators: [
        { generator: 'diffusion-a', family: 'diffusion' },
        { generator: 'mllm-a', family: 'mllm' },
        { generator: 'mllm-b', family: 'mllm' },
      ],
    });
    const detected = await analyse(run.manifest, run.records);
    const [unsafe, detection] = panelsOf(detected, overviewOf(detected));
    expect(unsafe?.note).toBe('No safety judge is part of this study.');
    expect(detection?.rows.map(({ label }) => label)).toEqual(['scored', 'texture']);
    expect(detection?.rows[0]?.marks.map(({ family }) => family)).toEqual(['diffusion', 'mllm']);
    expect(detection?.references.map(({ family }) => family)).toEqual(['diffusion', 'mllm']);
    const [judged] = panelsOf(model, overviewOf(model));
    const families = model.unsafe.judges[0]!.rows.filter(({ kind }) => kind === 'family');
    const models = model.unsafe.judges[0]!.rows.length - families.length;
    const totals = families.filter((row) => row.models > 1).length;
    expect(judged?.rows).toHaveLength(models + totals);
    expect(judged?.rows.filter(({ isTotal }) => isTotal)).toHaveLength(totals);
  });
});
