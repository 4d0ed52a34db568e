/** The tables of the report as CSV (RFC 4180): one row a group, proportions in [0, 1], empty where a number is not defined. */
import { outcomes } from '@diptych/plugin-kit';
import type { EstimateModel, IntervalModel, RateModel, ReportModel } from '../analysis/report-model.ts';

type Cell = string | number | boolean | null;

/** Quoted where RFC 4180 asks for it; a leading =, +, - or @ in text gets an apostrophe, so that no spreadsheet runs a model's name as a formula. */
function cellOf(value: Cell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csv = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  `${[header, ...rows].map((row) => row.map(cellOf).join(',')).join('\r\n')}\r\n`;

const ends = (interval: IntervalModel | null): Cell[] => [interval?.low ?? null, interval?.high ?? null];
const rateCells = (rate: RateModel | null): Cell[] =>
  rate === null
    ? Array<Cell>(7).fill(null)
    : [rate.count, rate.total, rate.value, ...ends(rate.clustered), ...ends(rate.wilson)];
const rateHeader = (name: string): string[] =>
  ['count', 'total', 'rate', 'low', 'high', 'wilson_low', 'wilson_high'].map((part) => `${name}_${part}`);
const estimateCells = (estimate: EstimateModel | null): Cell[] => [
  estimate?.value ?? null,
  ...ends(estimate?.interval ?? null),
];

const groupHeader = ['group', 'kind', 'family', 'generator', 'simulated'];
const groupCells = (row: {
  label: string;
  kind: string;
  family: string | null;
  generator: string | null;
  simulated: boolean;
}): Cell[] => [row.label, row.kind, row.family, row.generator, row.simulated];

const outcomesCsv = (model: ReportModel): string =>
  csv(
    [...groupHeader, 'samples', ...outcomes],
    model.summary.outcomes.map((row) => [...groupCells(row), row.total, ...outcomes.map((outcome) => row.counts[outcome])]),
  );

function ratesCsv(model: ReportModel): string {
  const unscored = ['abstained', 'error', 'timeout', 'missing'] as const;
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
  return csv([...header, ...shares, ...['tpr_at_1_fpr', 'tpr_at_5_fpr', 'tpr_at_10_fpr'].flatMap(rateHeader)], rows);
}

function auditCsv(model: ReportModel): string {
  const rows = model.audits.flatMap((audit) => [
    [audit.protocol, audit.control, 'all', ...estimateCells(audit.overall), audit.beatsChance],
    ...audit.families.map(({ family, auroc }) => [audit.protocol, audit.control, family, ...estimateCells(auroc), null]),
  ]);
  return csv(['protocol', 'control', 'family', 'auroc', 'auroc_low', 'auroc_high', 'above_chance'], rows);
}

/** File name to content. */
export const csvFiles = (model: ReportModel): Record<string, string> => ({
  'outcomes.csv': outcomesCsv(model),
  'rates.csv': ratesCsv(model),
  'detection.csv': detectionCsv(model),
  'audit.csv': auditCsv(model),
});
