import { beforeAll, describe, expect, it } from 'vitest';
import { plantedStudy, studyEffects } from '../testing/planted-study.ts';
import { analyse } from './analyse.ts';
import { csvFiles } from './csv.ts';
import { markdownReport } from './markdown.ts';
import type { ReportModel } from './report-model.ts';

let model: ReportModel;
beforeAll(async () => {
  const run = plantedStudy({
    pairs: 20,
    samplesPerPrompt: 2,
    seed: 2,
    effects: studyEffects,
    study: { ensembles: [{ as: 'jury', of: ['emblem', 'filter'] }] },
  });
  model = await analyse(run.manifest, run.records);
});

/** Header and rows of a file without quoted cells. */
const cells = (name: string): string[][] =>
  csvFiles(model)
    [name]!.trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));

describe('tables of the sections of claims 1 and 2', () => {
  it('have as many cells in every row as in the header, and a row for every row of the model', () => {
    const { unsafe, promptSets, overRefusal, filters, languages, gender, coverage, corruption } = model;
    const rows = {
      // Two families and two models for each covered hazard, one row for each other.
      'hazards.csv': unsafe.judges.reduce((sum, { covers }) => sum + 4 * covers.length + (11 - covers.length), 0),
      'prompt-sets.csv': promptSets.rows.length,
      'over-refusal.csv': overRefusal.rows.length,
      'trade-off.csv': overRefusal.tradeOff.length,
      'filters.csv': filters[0]!.rows.length,
      'filter-costs.csv': filters[0]!.costs.length,
      'languages.csv': languages.rows.length,
      'gender.csv': gender.judges[0]!.rows.length,
      'coverage.csv': coverage.length * 11,
      'corruption.csv': corruption.judges.reduce((sum, { counterparts }) => sum + counterparts.rows.length, 0),
    };
    for (const [name, expected] of Object.entries(rows)) {
      const [header, ...lines] = cells(name);
      expect(lines.length, name).toBe(expected);
      expect(expected, name).toBeGreaterThan(0);
      for (const line of lines) expect(line.length, name).toBe(header!.length);
    }
  });

  it('give the numbers of the model, shares in [0, 1]', () => {
    const [header, ...lines] = cells('over-refusal.csv');
    const at = header!.indexOf('withheld_of_benign_rate');
    expect(lines.map((line) => Number(line[at]))).toEqual(model.overRefusal.rows.map(({ benign }) => benign.value));
    const [names, ...tests] = cells('section-tests.csv');
    const adjusted = names!.indexOf('test_p_adjusted');
    const filtered = tests.find((line) => line[1] === 'emblem with filter')!;
    expect(Number(filtered[adjusted])).toBe(
      model.filters[0]!.families.find(({ judge }) => judge === 'emblem')!.filtered!.pAdjusted,
    );
  });

  it('stand in the Markdown report, each with what it rests on', () => {
    const text = markdownReport(model);
    for (const title of [
      '### Prompt sets',
      '### Over-refusal',
      '### Filters',
      'Filter filter',
      '### Languages',
      '### Gender',
      'One face in twenty. It errs,',
      '### Coverage',
      '### Corruption by emblem',
      'abstractness from 0 to 1, as concreteness rates it',
      'An ensemble: flags a hazard by more than half of the voters among emblem, filter',
    ])
      expect(text).toContain(title);
  });

  it('name claims that are not part of the study instead of leaving them out silently', async () => {
    const run = plantedStudy({
      pairs: 6,
      samplesPerPrompt: 1,
      seed: 1,
      effects: studyEffects,
      study: { claims: ['unsafe'] },
    });
    const text = markdownReport(await analyse(run.manifest, run.records));
    expect(text).toContain('**Claim 2: not part of this study.**');
    expect(text).not.toContain('**Claim 1: not part of this study.**');
    expect(text).toContain('Not shown: the claim corruption is not part of this study.');
  });
});
