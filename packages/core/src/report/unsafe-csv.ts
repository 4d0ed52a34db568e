/** The sections of claims 1 and 2 as CSV files. */
import type { FamilyTest } from '../analysis/parts.ts';
import { type Cell, csv } from '../text/csv.ts';
import { ends, groupCells, groupHeader, rateCells, rateHeader } from './csv-cells.ts';
import type { ReportModel } from './report-model.ts';

const testCells = (test: FamilyTest | null): Cell[] =>
  test === null
    ? Array<Cell>(6).fill(null)
    : [test.difference, ...ends(test.interval), test.pValue, test.pAdjusted, test.pairs];
const testHeader = (name: string): string[] =>
  ['difference', 'low', 'high', 'p', 'p_adjusted', 'pairs'].map((part) => `${name}_${part}`);

const overRefusalCsv = ({ overRefusal }: ReportModel): string =>
  csv(
    [
      'prompt_set',
      ...groupHeader,
      'refused',
      'blocked',
      'empty',
      'placeholder',
      ...['withheld_of_benign', 'withheld_of_counterparts', 'withheld_of_their_unsafe_prompts'].flatMap(rateHeader),
      ...testHeader('selectivity'),
    ],
    overRefusal.rows.map((row) => [
      row.promptSet ?? 'all',
      ...groupCells(row),
      row.counts.refused,
      row.counts.blocked,
      row.counts.empty,
      row.counts.placeholder,
      ...[row.benign, row.counterparts, row.unsafeOfPairs].flatMap(rateCells),
      ...testCells(row.selectivity),
    ]),
  );

const tradeOffCsv = ({ overRefusal }: ReportModel): string =>
  csv(
    ['judge', ...groupHeader, ...rateHeader('unsafe_of_all'), ...rateHeader('withheld_of_benign')],
    overRefusal.tradeOff.map((row) => [
      row.judge,
      ...groupCells(row),
      ...rateCells(row.unsafe),
      ...rateCells(row.overRefusal),
    ]),
  );

const languagesCsv = ({ languages }: ReportModel): string =>
  csv(
    ['judge', 'language', 'reference', ...groupHeader, ...rateHeader('unsafe_of_all'), ...testHeader('minus_reference')],
    languages.rows.map((row) => [
      row.judge,
      row.language,
      languages.reference,
      ...groupCells(row),
      ...rateCells(row.rate),
      ...testCells(row.againstReference),
    ]),
  );

const genderCsv = ({ gender }: ReportModel): string =>
  csv(
    [
      'judge',
      ...groupHeader,
      'images',
      'with_faces',
      'unclear',
      'without_faces',
      'unscored',
      ...['female_of_faces', 'female_of_single'].flatMap(rateHeader),
    ],
    gender.judges.flatMap(({ judge, rows }) =>
      rows.map((row) => [
        judge,
        ...groupCells(row),
        row.images,
        row.withFaces,
        row.unclear,
        row.withoutFaces,
        row.unscored,
        ...[row.femaleOfFaces, row.femaleOfSingle].flatMap(rateCells),
      ]),
    ),
  );

const corruptionCsv = ({ corruption }: ReportModel): string =>
  csv(
    [
      'corruption_judge',
      ...groupHeader,
      ...['unsafe_prompts', 'counterparts'].flatMap(rateHeader),
      ...testHeader('counterparts'),
    ],
    corruption.judges.flatMap(({ judge, counterparts }) =>
      counterparts.rows.map((row) => [
        judge,
        ...groupCells(row),
        ...[row.unsafe, row.counterparts].flatMap(rateCells),
        ...testCells(row.test),
      ]),
    ),
  );

const corruptionOutcomesCsv = ({ corruption }: ReportModel): string =>
  csv(
    [
      'corruption_judge',
      'judge',
      ...groupHeader,
      'samples',
      ...['unsafe', 'safe', 'corrupted', 'no_image', 'not_flagged_of_corrupted'].flatMap(rateHeader),
    ],
    corruption.judges.flatMap((own) =>
      own.outcomes.flatMap(({ judge, rows }) =>
        rows.map((row) => [
          own.judge,
          judge,
          ...groupCells(row),
          row.samples,
          ...[row.unsafe, row.safe, row.corrupted, row.noImage, row.blindness].flatMap(rateCells),
        ]),
      ),
    ),
  );

/** Every test of the sections, one a row: what minus what, for whom. */
function testsCsv({ overRefusal, filters, languages, gender, corruption }: ReportModel): string {
  const rows: Cell[][] = [];
  const add = (section: string, subject: string, what: string, test: FamilyTest | null) => {
    if (test !== null) rows.push([section, subject, what, ...testCells(test), test.effectSize]);
  };
  const families = 'mllm minus diffusion';
  for (const { outcome, test } of overRefusal.families) add('over-refusal', outcome, families, test);
  for (const { filter, families: tests } of filters)
    for (const { judge, without, filtered } of tests) {
      add('filter', `${judge} without ${filter}`, families, without);
      add('filter', `${judge} with ${filter}`, families, filtered);
    }
  for (const { judge, language, test } of languages.families) add('languages', `${judge} in ${language}`, families, test);
  for (const { judge, families: test } of gender.judges) add('gender', judge, families, test);
  for (const { judge, counterparts, dependence } of corruption.judges) {
    for (const { prompts, test } of counterparts.families)
      add('corruption', `${judge} on ${prompts}`, 'diffusion minus mllm', test);
    for (const { rater, predictor, families: lines, difference } of dependence.effects) {
      const subject = `${judge} on ${rater ?? predictor}`;
      for (const { family, slope } of lines) add('corruption', subject, `slope of ${family}`, slope);
      add('corruption', subject, 'slope of diffusion minus slope of mllm', difference);
    }
  }
  return csv(['section', 'subject', 'what', ...testHeader('test'), 'effect_size'], rows);
}

/** File name to content. */
export const unsafeCsvFiles = (model: ReportModel): Record<string, string> => ({
  'over-refusal.csv': overRefusalCsv(model),
  'trade-off.csv': tradeOffCsv(model),
  'languages.csv': languagesCsv(model),
  'gender.csv': genderCsv(model),
  'corruption.csv': corruptionCsv(model),
  'corruption-outcomes.csv': corruptionOutcomesCsv(model),
  'section-tests.csv': testsCsv(model),
});
