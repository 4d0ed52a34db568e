import type { JournalRecord, LabelRecord, Manifest } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../metrics/random.ts';
import { image, plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';
import { csvFiles } from '../csv.ts';
import { markdownReport } from '../markdown.ts';

const truth = { diffusion: 0.2, mllm: 0.5 } as const;
const prompts = 120;

/** Two families; a judge that misses a third of the unsafe images and calls one safe image in ten unsafe; a fifth are refused. */
function plantedRun(): { manifest: Manifest; records: JournalRecord[]; labels: LabelRecord[] } {
  const { nextFloat } = createRandom(4);
  const records: JournalRecord[] = [];
  const labels: LabelRecord[] = [];
  for (let prompt = 0; prompt < prompts; prompt++)
    for (const family of ['diffusion', 'mllm'] as const)
      for (let draw = 0; draw < 4; draw++) {
        const index = records.filter(({ type }) => type === 'sample').length;
        const facts = { generator: family, model: family, family, promptId: `p${prompt}`, cluster: `set/p${prompt}` };
        const isRefused = nextFloat() < 0.2;
        records.push(sample(index, { ...facts, outcome: isRefused ? 'refused' : 'image' }));
        if (isRefused) continue;
        const isUnsafe = nextFloat() < truth[family];
        const isCorrupted = nextFloat() < 0.3;
        const isFlagged = nextFloat() < (isUnsafe ? 2 / 3 : 0.1);
        records.push(
          verdict(index, { hazardScores: { violence: isFlagged ? 0.9 : 0.1 }, corruptionScore: isCorrupted ? 0.8 : 0.1 }),
        );
        if (nextFloat() > 0.5) continue;
        for (const rater of ['ann', 'bea', 'cyd'])
          labels.push({
            type: 'label',
            index,
            sha256: image(`sample ${index}`).sha256,
            rater,
            // One answer in twenty is a slip.
            unsafe: nextFloat() < 0.05 !== isUnsafe ? 'yes' : 'no',
            hazards: [],
            corrupted: rater === 'cyd' ? 'not asked' : isCorrupted ? 'yes' : 'no',
          });
      }
  const judge = { covers: ['violence'], scoresCorruption: true, simulated: false, suggestedThreshold: 0.5 };
  return { manifest: plantedManifest([plugin('safety-judge', 'judge', judge)]), records, labels };
}

const run = plantedRun();
const analysed = (labels: readonly LabelRecord[] = run.labels) => analyse(run.manifest, run.records, { labels });

// Once for all tests that only read it: a whole report is the slowest thing here.
const labelledModel = analysed();

// A machine that does other work must not fail these: whole reports, and nothing is timed.
describe('human labels in the report', { timeout: 60_000 }, () => {
  it('are absent where nobody labelled', async () => {
    const model = await analysed([]);
    expect(model.labels).toBeNull();
    expect(markdownReport(model)).not.toContain('Human labels');
    expect(Object.keys(csvFiles(model))).not.toContain('corrected-rates.csv');
  });

  it('correct a rate that the judge gets wrong', async () => {
    const { labels } = await labelledModel;
    const { corrected } = labels!.judges.find(({ question }) => question === 'unsafe')!;
    for (const { family, raw, predictionPowered, roganGladen, labelsOnly } of corrected) {
      const planted = 0.8 * truth[family as 'diffusion' | 'mllm'];
      for (const { value, interval } of [predictionPowered, roganGladen, labelsOnly]) {
        expect(value).toBeGreaterThan(planted - 0.06);
        expect(value).toBeLessThan(planted + 0.06);
        expect(interval!.low).toBeLessThan(planted);
        expect(interval!.high).toBeGreaterThan(planted);
      }
      expect(predictionPowered.interval!.high - predictionPowered.interval!.low).toBeLessThan(
        labelsOnly.interval!.high - labelsOnly.interval!.low,
      );
      if (family === 'mllm') expect(raw.clustered!.high).toBeLessThan(planted);
    }
  });

  it('say how often the judge errs, for safety and for corruption', async () => {
    const { labels } = await labelledModel;
    const all = (question: string) =>
      labels!.judges.find((judge) => judge.question === question)!.accuracy.find(({ kind }) => kind === 'all')!;
    expect(all('unsafe').sensitivity.value).toBeCloseTo(2 / 3, 1);
    expect(all('unsafe').specificity.value).toBeCloseTo(0.9, 1);
    expect(all('corrupted').agreement).toMatchObject({ value: 1 });
    expect(all('corrupted').agreement.interval!.low).toBeLessThan(1);
  });

  it('come with the agreement of raters: Fleiss for three, Cohen for the two who were asked', async () => {
    const { labels } = await labelledModel;
    const [unsafe, corrupted] = labels!.agreement;
    expect(unsafe!.coefficients.map(({ name }) => name)).toEqual(['Fleiss kappa', 'Krippendorff alpha']);
    // Two of three slip at most 3 · 0.05² of the time.
    expect(unsafe!.rawAgreement!.value).toBeCloseTo(0.95 ** 2 + 0.05 ** 2, 1);
    expect(corrupted).toMatchObject({ raters: 2, unsettled: 0, rawAgreement: { value: 1 } });
    expect(corrupted!.coefficients[0]).toMatchObject({ name: 'Cohen kappa', value: 1, interval: null });
  });

  it('leave out images on which people do not agree, and labels of other images', async () => {
    const [first] = run.labels;
    const torn: LabelRecord[] = [
      { ...first!, unsafe: 'yes' },
      { ...first!, rater: 'bea', unsafe: 'unsure' },
      { ...first!, index: 3, sha256: '0'.repeat(64) },
    ];
    const { labels } = await analysed(torn);
    expect(labels).toMatchObject({ answers: 2, foreign: 1 });
    expect(labels!.agreement[0]).toMatchObject({ images: 1, yes: 0, no: 0, unsettled: 1 });
    expect(labels!.judges[0]!.corrected[0]!.predictionPowered.reason).toMatch(/no image of the family/);
  });

  it('give the same numbers in whatever order they were written, and stand in every table', async () => {
    const model = await labelledModel;
    expect((await analysed([...run.labels].reverse())).numbers).toEqual(model.numbers);
    expect(model.numbers['labels/unsafe/judge/family:mllm/corrected/prediction-powered.value']).toBeGreaterThan(0.3);
    expect(markdownReport(model)).toMatch(/## Human labels[\s\S]*Judges against people[\s\S]*Rates corrected by labels/);
    const files = csvFiles(model);
    expect(files['corrected-rates.csv']!.trim().split('\r\n')).toHaveLength(5);
    expect(files['label-agreement.csv']).toContain('Fleiss kappa');
    expect(files['judge-accuracy.csv']!.split('\r\n')[0]!.split(',')).toHaveLength(33);
  });
});
