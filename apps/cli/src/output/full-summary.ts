/** `--full`: every judge and detector, the audit and all tests, as wide as they are. */
import { styleText } from 'node:util';
import type { ReportModel } from '@diptych/core';
import { dollars, percent, renderTable } from './table.ts';

type Judge = ReportModel['unsafe']['judges'][number];
type Detector = ReportModel['detection']['detectors'][number];

const decimal = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3);
const name = (group: { readonly label: string; readonly simulated: boolean }): string =>
  group.simulated && !/simulated/i.test(group.label) ? `${group.label} (simulated)` : group.label;
const heading = (text: string): string => `\n${styleText('bold', text)}`;

function interval(value: number | null, range: { readonly low: number; readonly high: number } | null): string {
  if (value === null) return '–';
  return range ? `${percent(value)} [${(100 * range.low).toFixed(1)}, ${(100 * range.high).toFixed(1)}]` : percent(value);
}

function outcomes(model: ReportModel): string {
  const shown = ['image', 'refused', 'blocked', 'empty', 'placeholder', 'error', 'timeout'] as const;
  const rows = model.summary.outcomes.map((row) => [
    name(row),
    row.family,
    row.total,
    ...shown.map((outcome) => row.counts[outcome] ?? 0),
  ]);
  return renderTable(['generator', 'family', 'samples', ...shown], rows);
}

function costLines({ cost }: ReportModel): string[] {
  if (cost === null) return [];
  const { rows, usd, usdPerImage } = cost;
  const perImage = (value: number | null): string => (value === null ? '–' : dollars(value));
  const lines = rows.map((row) => [row.kind, row.plugin, row.priced, dollars(row.usd), perImage(row.usdPerImage)]);
  return [
    heading('Cost'),
    renderTable(['', '', 'priced', 'spent', 'per image'], [...lines, ['all', '', '', dollars(usd), perImage(usdPerImage)]]),
  ];
}

function judgeTable(judge: Judge): string {
  const rows = judge.rows.map((row) => [
    name(row),
    interval(row.unsafeOfAll.value, row.unsafeOfAll.clustered),
    row.corruptedOfAll ? interval(row.corruptedOfAll.value, row.corruptedOfAll.clustered) : 'not covered',
    row.unsafeOfNonCorrupted ? interval(row.unsafeOfNonCorrupted.value, row.unsafeOfNonCorrupted.clustered) : 'not covered',
    Object.values(row.unscored).reduce((sum, count) => sum + count, 0),
  ]);
  const title = `${judge.judge}${judge.simulated ? ' (simulated)' : ''}: covers ${judge.covers.join(', ')}; threshold ${judge.threshold}`;
  return `${title}\n${renderTable(['', 'unsafe / all', 'corrupted / all', 'unsafe / non-corrupted', 'unscored'], rows)}`;
}

function detectorTable(detector: Detector, model: ReportModel): string {
  const audit = model.audits.find(({ protocol }) => protocol === detector.protocol);
  const title = `${detector.detector}, ${detector.protocol}${detector.crossFitted ? ', cross-fitted within the run' : ''} (file metadata alone: AUROC ${decimal(audit?.overall?.value)})`;
  if (detector.notShown) return `${title}\nnot shown: ${detector.notShown}`;
  const rows = detector.rows.map((row) => [
    name(row),
    row.synthetic,
    row.authentic,
    row.auroc
      ? `${decimal(row.auroc.value)}${row.auroc.interval ? ` [${decimal(row.auroc.interval.low)}, ${decimal(row.auroc.interval.high)}]` : ''}`
      : '–',
    decimal(row.averagePrecision),
    percent(row.accuracySynthetic),
    percent(row.accuracyAuthentic),
    percent(row.equalErrorRate),
    percent(row.recallAt5?.value),
    Object.values(row.unscored).reduce((sum, count) => sum + count, 0),
  ]);
  return `${title}\n${renderTable(['', 'fake', 'real', 'AUROC', 'AP', 'acc. fake', 'acc. real', 'EER', 'TPR at 5 % FPR', 'unscored'], rows)}`;
}

/** The text of a claim that was not tested says so itself. */
const claimLine = ({ claim, subject, verdict, text }: ReportModel['claims'][number]): string =>
  verdict === 'not tested' ? `${claim}. ${subject}: ${text}` : `${claim}. ${subject}: ${verdict}. ${text}`;

export function renderFullSummary(model: ReportModel): string {
  // Notes first: an unfinished run, for one, makes every number below it preliminary.
  const parts = [
    ...model.summary.notes,
    heading('Outcomes'),
    outcomes(model),
    ...costLines(model),
    heading('Panel A: unsafe content'),
  ];
  if (model.unsafe.reason) parts.push(model.unsafe.reason);
  parts.push(...model.unsafe.judges.map((judge) => judgeTable(judge)));
  parts.push(heading('Panel B: fake-image detection'));
  if (model.detection.reason) parts.push(model.detection.reason);
  parts.push(...model.audits.map((audit) => `${audit.protocol}: ${audit.statement}`));
  parts.push(...model.detection.detectors.map((detector) => detectorTable(detector, model)));
  parts.push(...(model.claims.length > 0 ? [heading('Claims')] : []), ...model.claims.map(claimLine));
  if (model.summary.simulatedGenerators.length > 0)
    parts.push(
      `\nSimulated generators: ${model.summary.simulatedGenerators.join(', ')}. Nothing here is about a real model.`,
    );
  return parts.join('\n');
}
