import type { JournalRecord, Manifest } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import {
  evenTraces,
  type PlantedDetectionOptions,
  type PlantedTraces,
  plantedDetection,
} from '../../testing/planted-detection.ts';
import { authentic, detection, plantedManifest, plugin, sample } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';
import { type ReportModel, reportModelSchema } from '../report-model.ts';

const uneven: PlantedTraces = {
  common: 0.3,
  family: 0.8,
  own: 1.6,
  fall: { diffusion: 0, mllm: 0.3 },
  scores: { diffusion: 0.75, mllm: 0.6, authentic: 0.4 },
};

const small = { prompts: 50, authenticImages: 80, seed: 11 };
const analysed = ({ manifest, records }: { manifest: Manifest; records: JournalRecord[] }): Promise<ReportModel> =>
  analyse(manifest, records);
const run = (options: Partial<PlantedDetectionOptions> & { traces: PlantedTraces }) =>
  plantedDetection({ ...small, ...options });
const verdicts = (model: ReportModel): Record<string, string> =>
  Object.fromEntries(model.claims.map(({ id, verdict }) => [id, verdict]));

describe('planted effects on detection', { timeout: 60_000 }, async () => {
  const planted = run({ traces: uneven, levels: [0, 1, 2], perturbations: { 'jpeg-40': 0.6, 'crop-80': 0 } });
  const model = await analysed(planted);

  it('is a valid report model, the same for records in any order', { timeout: 60_000 }, async () => {
    expect(reportModelSchema.parse(JSON.parse(JSON.stringify(model)))).toEqual(JSON.parse(JSON.stringify(model)));
    expect(await analyse(planted.manifest, planted.records.toReversed())).toEqual(model);
  });

  it('supports every part of claims 3 and 4, and tests perturbations nowhere', () => {
    expect(verdicts(model)).toEqual({
      'claim-3/scored/as-received': 'supported',
      'claim-3/texture/as-received': expect.any(String),
      'claim-4/scored/as-received': 'supported',
      'claim-4/texture/as-received': 'supported',
      'claim-4/texture/as-received/improves': 'supported',
      'claim-4/texture/as-received/transfers': 'supported',
      'claim-4/texture/as-received/evaded': 'supported',
    });
  });

  it('recovers the planted slope within prompts, and its difference between the families', () => {
    const arm = model.bypass.arms.find(({ detector, retrainedOn }) => detector === 'scored' && retrainedOn === null)!;
    const slope = (family: string, predictor: string) =>
      arm.slopes.find((row) => row.kind === 'family' && row.family === family && row.predictor === predictor)!;
    // 0.3 of a distance of 0.2 is lost with each level of four words and five tokens. Noise of 0.125 over 100 prompts and
    // generators at levels -1, 0 and 1 gives a standard error of 0.0088; four of them are allowed.
    expect(slope('mllm', 'level')).toMatchObject({ withinPrompts: true, prompts: 50 });
    expect(Math.abs(slope('mllm', 'level').slope + 0.06)).toBeLessThan(0.035);
    expect(Math.abs(slope('mllm', 'words').slope + 0.15)).toBeLessThan(0.088);
    expect(Math.abs(slope('mllm', 'tokens').slope + 0.12)).toBeLessThan(0.07);
    expect(slope('diffusion', 'level').interval!.low).toBeLessThan(0);
    expect(slope('diffusion', 'level').interval!.high).toBeGreaterThan(0);
    const difference = arm.slopeDifferences.find(({ predictor }) => predictor === 'level')!;
    expect(difference.interval!.high).toBeLessThan(0);
    expect(difference.difference).toBeCloseTo(slope('mllm', 'level').slope - slope('diffusion', 'level').slope, 12);
    expect(model.bypass.notes.join(' ')).toContain('Tokens are counted by planted.');
  });

  it('shows each level, and each paired difference with Holm within the arm', () => {
    const arm = model.bypass.arms.find(({ detector, retrainedOn }) => detector === 'scored' && retrainedOn === null)!;
    const means = arm.levels.filter(({ label }) => label === 'all MLLM').map(({ meanScore }) => meanScore.value);
    expect(means).toHaveLength(3);
    expect(means.toSorted((a, b) => b - a)).toEqual(means);
    const difference = (family: string) =>
      arm.differences.find(
        (row) => row.kind === 'family' && row.family === family && row.level === 2 && row.measure === 'score',
      )!.test;
    expect(difference('mllm').difference).toBeCloseTo(means[2]! - means[0]!, 9);
    expect(difference('mllm')).toMatchObject({ pairs: 50 });
    expect(difference('mllm').pAdjusted!).toBeLessThan(0.05);
    expect(difference('mllm').pAdjusted!).toBeGreaterThanOrEqual(difference('mllm').pValue!);
    expect(difference('diffusion').pAdjusted!).toBeGreaterThan(0.05);
  });

  it('retrains on all generators, on the MLLMs and on each MLLM, and tests each on other prompts', () => {
    const retrained = model.bypass.arms.filter(({ retrainedOn }) => retrainedOn !== null);
    expect(retrained.map(({ retrainedOn }) => retrainedOn)).toEqual(['all generators', 'all MLLMs', 'mllm-a', 'mllm-b']);
    for (const { levels } of retrained) expect(new Set(levels.map(({ level }) => level))).toEqual(new Set([0, 1, 2]));
    const [own, others] = ['mllm-a', 'other MLLMs'].map(
      (label) => retrained[2]!.levels.find((row) => row.label === label && row.level === 0)!.recallAt5.value!,
    );
    expect(own!).toBeGreaterThan(others! + 0.2);
    expect(retrained[2]!.levels.find((row) => row.label === 'other MLLMs')!.images).toBe(50);
  });

  it('finds the loss on a generator, and on a family, that is left out of the fit', () => {
    const rows = model.heldOut.rows;
    expect(rows.map(({ label }) => label)).toEqual([
      'diffusion-a',
      'diffusion-b',
      'mllm-a',
      'mllm-b',
      'all diffusion',
      'all MLLM',
    ]);
    const family = rows.find(({ label }) => label === 'all diffusion')!;
    expect(family.generatorLoss!.interval!.low).toBeGreaterThan(0);
    expect(family.familyLoss!.value).toBeGreaterThan(family.generatorLoss!.value);
    const unit = rows.find(({ label }) => label === 'diffusion-a')!;
    expect(unit.within.auroc!.value).toBeGreaterThan(unit.generatorHeldOut!.auroc!.value);
    expect(unit.generatorLoss!.value).toBeCloseTo(
      unit.within.recallAt5.value! - unit.generatorHeldOut!.recallAt5.value!,
      12,
    );
  });

  it('gives the whole transfer matrix, with the diagonal ahead', () => {
    const [matrix] = model.transfer;
    expect(matrix!.cells).toHaveLength(16);
    const mean = (trained: string, tested: string, isOwn: boolean) =>
      matrix!.means.find((row) => row.trained === trained && row.tested === tested && row.isOwn === isOwn)!;
    expect(mean('mllm', 'mllm', true)).toMatchObject({ pairs: 2 });
    expect(mean('mllm', 'mllm', true).recallAt5).toBeGreaterThan(mean('mllm', 'mllm', false).recallAt5 + 0.2);
    expect(mean('mllm', 'mllm', false).recallAt5).toBeGreaterThan(mean('diffusion', 'mllm', false).recallAt5);
  });

  it('keeps seen and unseen generators apart for a detector that says what it was trained on', () => {
    const [split] = model.heldOut.seen;
    expect(split).toMatchObject({ detector: 'scored', protocol: 'as-received', trainedOn: ['diffusion-a'], reason: null });
    expect(split!.sides.map(({ family, seen, models }) => [family, seen, models])).toEqual([
      ['diffusion', true, 1],
      ['diffusion', false, 1],
      ['mllm', false, 2],
      [null, true, 1],
      [null, false, 3],
    ]);
    expect(split!.test!.difference).toBeGreaterThan(0);
    expect(split!.test!.pAdjusted).not.toBeNull();
  });

  it('measures what a perturbation destroys, for detectors as they are and for heads fitted on images as received', () => {
    for (const detector of ['scored', 'texture']) {
      const row = (perturbation: string, label: string) =>
        model.robustness.rows.find(
          (entry) => entry.detector === detector && entry.perturbation === perturbation && entry.label === label,
        )!;
      const harmed = row('jpeg-40', 'all diffusion');
      expect(harmed).toMatchObject({ images: 300, frozenHead: detector === 'texture' });
      expect(harmed.aurocDifference!.interval!.high).toBeLessThan(0);
      expect(harmed.recallDifference!.interval!.high).toBeLessThan(0);
      // The harmless change alters nothing at all, so there is nothing to resample.
      expect(row('crop-80', 'all MLLM')).toMatchObject({
        aurocDifference: { value: 0, interval: null },
        recallDifference: { value: 0, interval: null },
      });
      expect(row('crop-80', 'all MLLM').recallAt5).toBe(row('crop-80', 'all MLLM').recallAtOldThreshold);
      expect(row('crop-80', 'all synthetic').images).toBe(600);
      expect(harmed.falseAlarmsAtOldThreshold!).toBeLessThanOrEqual(0.05);
    }
  });

  it('keeps full rows for perturbations, without plots or slopes', () => {
    const panels = model.detection.detectors.filter(({ protocol }) => protocol === 'jpeg-40');
    expect(panels).toHaveLength(2);
    for (const { rows, roc, histograms } of panels) {
      expect(rows.length).toBe(6);
      expect([roc, histograms]).toEqual([[], []]);
    }
    expect(model.joint.rows.some(({ protocol }) => protocol === 'jpeg-40')).toBe(false);
  });
});

describe('what the study asks', { timeout: 60_000 }, () => {
  it('says which detector has no row under which perturbation, and why', async () => {
    const { manifest, records } = run({ traces: uneven, perturbations: { 'crop-80': 0.1 } });
    const uncropped = records.filter(
      (record) => !(record.type === 'detection' && record.protocol === 'crop-80' && record.detector === 'texture'),
    );
    const samples = records.filter(({ type }) => type === 'sample').length;
    const model = await analyse(manifest, uncropped);
    expect(new Set(model.robustness.rows.map(({ detector }) => detector))).toEqual(new Set(['scored']));
    expect(model.robustness.notes).toEqual([
      `texture under crop-80 is not shown: no synthetic image has a score: ${samples} without a record.`,
    ]);
    const alone = await analyse({ ...manifest, study: { ...manifest.study, protocols: ['crop-80'] } }, records);
    expect(alone.robustness.notes.join(' ')).toContain(
      'scored under crop-80 is not shown: there is nothing to compare with',
    );
  });

  it('leaves out the sections and tests of claims that it does not name', async () => {
    const model = await analysed(run({ traces: uneven, levels: [0, 1], study: { claims: ['detect'] } }));
    expect(new Set(model.claims.map(({ claim }) => claim))).toEqual(new Set([3]));
    expect(model.bypass.arms).toEqual([]);
    expect(model.transfer).toHaveLength(1);
    const bypass = await analysed(run({ traces: uneven, levels: [0, 1], study: { claims: ['bypass'] } }));
    expect(new Set(bypass.claims.map(({ claim }) => claim))).toEqual(new Set([4]));
    expect(bypass.heldOut).toEqual({ seen: [], rows: [], notes: [] });
    expect(bypass.transfer).toEqual([]);
    expect(bypass.robustness.rows).toEqual([]);
  });

  it('says why the retrained part is not tested, instead of leaving it out', async () => {
    const one = [
      { generator: 'diffusion-a', family: 'diffusion' },
      { generator: 'mllm-a', family: 'mllm' },
    ] as const;
    const model = await analysed(run({ traces: uneven, generators: one }));
    const text = (name: string) => model.claims.find(({ id }) => id === `claim-4/texture/as-received/${name}`)!.text;
    expect(text('transfers')).toBe('Not tested: two MLLMs with at least 20 scored images each are needed.');
    expect(text('evaded')).toContain('one rewriting level');
    expect(verdicts(model)['claim-4/texture/as-received/improves']).toBe('supported');
  });

  it('says that nothing could be retrained where no detector measures', async () => {
    const { manifest, records } = run({ traces: uneven, levels: [0, 1] });
    const plugins = manifest.plugins.filter(({ as }) => as !== 'texture');
    const model = await analyse({ ...manifest, plugins }, records);
    expect(model.bypass.notes.join(' ')).toContain('none could be retrained');
    expect(Object.keys(verdicts(model)).filter((id) => id.startsWith('claim-4'))).toEqual(['claim-4/scored/as-received']);
    expect(model.claims.find(({ claim }) => claim === 4)!.text).toContain('With the weights it came with');
  });
});

describe('no effect on detection', { timeout: 60_000 }, () => {
  it('supports next to nothing over ten runs in which families, generators and levels are alike', {
    timeout: 120_000,
  }, async () => {
    const found: string[] = [];
    let tested = 0;
    for (let seed = 0; seed < 10; seed++) {
      const model = await analysed(run({ prompts: 30, authenticImages: 40, traces: evenTraces, levels: [0, 1], seed }));
      const claims = model.claims.filter(({ verdict }) => verdict !== 'not tested');
      tested += claims.length;
      found.push(...claims.filter(({ verdict }) => verdict === 'supported').map(({ id }) => `${seed} ${id}`));
    }
    expect(tested).toBe(70);
    // Holm over two and five tests, one direction each: 20 families at 2.5 % give 0.5; 4 has a probability of 0.2 %.
    expect(found.length, found.join(', ')).toBeLessThan(4);
  });
});

describe('differences between levels', () => {
  it('do not move where generators merely give unlike numbers of images at each level', async () => {
    const detectors = ['detector', 'control'].map((as) =>
      plugin('detector', as, { trainedOn: [], control: as === 'control' }),
    );
    const records: JournalRecord[] = [];
    let index = 0;
    // One generator is caught always, the other never, at either level; the first gives more images at level 0, the second at level 1.
    for (let prompt = 0; prompt < 12; prompt++)
      for (const [generator, level, images] of [
        ['strong', 0, 3],
        ['strong', 1, 1],
        ['weak', 0, 1],
        ['weak', 1, 3],
      ] as const)
        for (let drawn = 0; drawn < images; drawn++, index++) {
          const of = { promptId: `p${prompt}`, cluster: `set/p${prompt}`, level, generator, model: generator };
          records.push(sample(index, { ...of, family: 'mllm', prompt: `prompt ${prompt}` }));
          records.push(detection('synthetic', index, { syntheticScore: generator === 'strong' ? 0.9 : 0.1 }));
          records.push(detection('synthetic', index, { detector: 'control', syntheticScore: (index % 5) / 5 }));
        }
    for (let photo = 0; photo < 20; photo++) {
      records.push(authentic(photo));
      records.push(detection('authentic', photo, { syntheticScore: 0.02 * photo }));
      records.push(detection('authentic', photo, { detector: 'control', syntheticScore: (photo % 5) / 5 }));
    }
    const { bypass } = await analyse(plantedManifest(detectors), records);
    const family = bypass.arms[0]!.differences.filter(({ kind }) => kind === 'family');
    expect(family.map(({ measure }) => measure)).toEqual(['score', 'recall at 5 % FPR']);
    for (const { test } of family) expect(test.difference).toBeCloseTo(0, 12);
  });
});
