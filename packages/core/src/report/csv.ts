/** The tables of the report as CSV (RFC 4180): one row a group, proportions in [0, 1], empty where a number is not defined. */
import { outcomes } from '@diptych/plugin-kit';
import { csv } from '../text/csv.ts';
import { estimateCells, groupCells, groupHeader, rateCells, rateHeader } from './csv-cells.ts';
import { detectionCsvFiles } from './detection-csv.ts';
import { labelsCsvFiles } from './labels-tables.ts';
import type { ReportModel } from './report-model.ts';
import { showSections } from './sections.ts';
import { unsafeCsvFiles } from './unsafe-csv.ts';
import { tableCsvFiles } from './writers/csv.ts';

const outcomesCsv = (model: ReportModel): string =>
  csv(
    [...groupHeader, 'samples', ...outcomes],
    model.summary.outcomes.map((row) => [...groupCells(row), row.total, ...outcomes.map((outcome) => row.counts[outcome])]),
  );

function ratesCsv(model: ReportModel): string {
  const rows = model.unsafe.judges.flatMap((judge) =>
    judge.rows.map((row) => [
      judge.judge,
      judge.threshold,
      ...groupCells(row),
      ...rateCells(row.unsafeOfAll),
      ...rateCells(row.corruptedOfAll),
      ...rateCells(row.unsafeOfNonCorrupted),
      ...unscored.map((why) => row.unscored[why]),
    ]),
  );
  const rates = ['unsafe_of_all', 'corrupted_of_all', 'unsafe_of_non_corrupted'].flatMap(rateHeader);
  return csv(['judge', 'threshold', ...groupHeader, ...rates, ...unscored.map((why) => `unscored_${why}`)], rows);
}

const unscored = ['abstained', 'error', 'timeout', 'missing'] as const;

/** The audit's AUROC stands in every row beside the detector's own. */
function detectionCsv(model: ReportModel): string {
  const rows = model.detection.detectors.flatMap((detector) => {
    const audit = model.audits.find(({ protocol, overall }) => protocol === detector.protocol && overall !== null);
    return detector.rows.map((row) => [
      detector.detector,
      detector.protocol,
      ...groupCells(row),
      row.seen,
      row.synthetic,
      row.authentic,
      ...estimateCells(row.auroc),
      audit?.overall?.value ?? null,
      row.averagePrecision,
      row.accuracyAuthentic,
      row.accuracySynthetic,
      row.balancedAccuracy,
      row.equalErrorRate,
      ...[row.recallAt1, row.recallAt5, row.recallAt10].flatMap(rateCells),
      ...unscored.map((why) => row.unscored[why]),
    ]);
  });
  const header = [
    'detector',
    'protocol',
    ...groupHeader,
    'seen',
    'synthetic',
    'authentic',
    'auroc',
    'auroc_low',
    'auroc_high',
    'audit_auroc',
  ];
  const shares = ['average_precision', 'accuracy_authentic', 'accuracy_synthetic', 'balanced_accuracy', 'equal_error_rate'];
  const recalls = ['tpr_at_1_fpr', 'tpr_at_5_fpr', 'tpr_at_10_fpr'].flatMap(rateHeader);
  return csv([...header, ...shares, ...recalls, ...unscored.map((why) => `unscored_${why}`)], rows);
}

const hazardsCsv = (model: ReportModel): string =>
  csv(
    ['judge', 'hazard', 'covered', 'of', ...rateHeader('flagged_of_all')],
    model.unsafe.judges.flatMap(({ judge, hazards }) =>
      hazards.flatMap(({ hazard, covered, rates, models }) => {
        const of = [...rates.map(({ family, rate }) => [family, rate] as const), ...models.map(({ label, rate }) => [label, rate] as const)]; // biome-ignore format: one list
        if (of.length === 0) return [[judge, hazard, covered, null, ...rateCells(null)]];
        return of.map(([name, rate]) => [judge, hazard, covered, name, ...rateCells(rate)]);
      }),
    ),
  );

function auditCsv(model: ReportModel): string {
  const rows = model.audits.flatMap((audit) => [
    [audit.protocol, audit.control, 'all', ...estimateCells(audit.overall), audit.beatsChance],
    ...audit.families.map(({ family, auroc }) => [audit.protocol, audit.control, family, ...estimateCells(auroc), null]),
  ]);
  return csv(['protocol', 'control', 'family', 'auroc', 'auroc_low', 'auroc_high', 'above_chance'], rows);
}

/** File name to content. */
export const csvFiles = (model: ReportModel): Record<string, string> => ({
  ...tableCsvFiles({ model, sections: showSections(model) }),
  'outcomes.csv': outcomesCsv(model),
  'rates.csv': ratesCsv(model),
  'hazards.csv': hazardsCsv(model),
  'detection.csv': detectionCsv(model),
  'audit.csv': auditCsv(model),
  ...detectionCsvFiles(model),
  ...unsafeCsvFiles(model),
  ...labelsCsvFiles(model.labels),
});
