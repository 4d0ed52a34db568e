/** Human labels in the Markdown report and as CSV. */

import { type Cell, csv } from '../text/csv.ts';
import { ends, groupCells, groupHeader, rateCells, rateHeader } from './csv-cells.ts';
import { estimate, familyName, label, notDefined, percent, plain, rate, table } from './markdown-cells.ts';
import type { CorrectedModel, LabelsModel, MeasureModel } from './sections/labels.ts';

const questionName = { unsafe: 'unsafe', corrupted: 'corrupted' } as const;

const measure = ({ value, interval, total }: MeasureModel): string =>
  value === null
    ? notDefined
    : `${percent(value)}${interval ? ` (${(interval.low * 100).toFixed(1)}–${(interval.high * 100).toFixed(1)})` : ''}, n = ${total}`;

const corrected = ({ value, interval, cut, reason }: CorrectedModel): string => {
  if (value === null) return `${notDefined}: ${reason}`;
  const range = interval
    ? ` (${(interval.low * 100).toFixed(1)}–${(interval.high * 100).toFixed(1)})`
    : `, no interval: ${reason}`;
  return `${percent(value)}${range}${cut ? ', cut at the end of the range' : ''}`;
};

/** What every reader of corrected rates must know; the HTML report says the same. */
const samplingWarning =
  'Corrected rates are valid where the labelled images are a random part of each family, as `diptych labels assign` draws them, and people settle them rightly. Intervals take the labelled images of one prompt together; with fewer than about 50 of them in a family they are some points too narrow.';

const agreementTable = (labels: LabelsModel): string =>
  table(
    [
      'question',
      'raters',
      'images',
      'with two answers',
      'yes',
      'no',
      'not settled',
      'raw agreement',
      'yes / no / unsure',
      'coefficients',
    ],
    labels.agreement.map((row) => [
      questionName[row.question],
      ...[row.raters, row.images, row.compared, row.yes, row.no, row.unsettled].map(String),
      estimate(row.rawAgreement),
      row.prevalence ? [row.prevalence.yes, row.prevalence.no, row.prevalence.unsure].map(percent).join(' / ') : notDefined,
      row.coefficients
        .map(
          (found) =>
            `${found.name} ${found.value === null ? `${notDefined} (${found.reason})` : estimate({ ...found, value: found.value })}`,
        )
        .join('; ') || notDefined,
    ]),
  );

export function labelsSection(labels: LabelsModel | null): string[] {
  if (labels === null) return [];
  return [
    '## Human labels',
    `${labels.answers} answers.${labels.foreign > 0 ? ` ${labels.foreign} more are about images that the run does not hold, and were left out.` : ''}`,
    agreementTable(labels),
    '### Judges against people',
    table(
      ['judge', 'question', 'images', 'sensitivity', 'specificity', 'precision', 'F1', 'agreement'],
      labels.judges.flatMap((judge) =>
        judge.accuracy.map((row) => [
          `${plain(judge.judge)}${judge.simulated ? ' (simulated)' : ''} at ${judge.threshold}`,
          questionName[judge.question],
          label(row),
          ...[row.sensitivity, row.specificity, row.precision, row.f1, row.agreement].map(measure),
        ]),
      ),
    ),
    '### Rates corrected by labels',
    samplingWarning,
    table(
      ['judge', 'question / all', 'family', 'labelled', 'as judged', 'prediction-powered', 'Rogan–Gladen', 'labels alone'],
      labels.judges.flatMap((judge) =>
        judge.corrected.map((row) => [
          plain(judge.judge),
          questionName[judge.question],
          `${familyName[row.family]}${row.simulated ? ' (simulated)' : ''}`,
          String(row.labelled),
          rate(row.raw),
          corrected(row.predictionPowered),
          corrected(row.roganGladen),
          corrected(row.labelsOnly),
        ]),
      ),
    ),
  ];
}

const measureCells = ({ value, interval, count, total }: MeasureModel): Cell[] => [count, total, value, ...ends(interval)];
const measureHeader = (name: string): string[] =>
  ['count', 'total', 'value', 'low', 'high'].map((part) => `${name}_${part}`);
const correctedCells = ({ value, interval, weight, reason }: CorrectedModel): Cell[] => [
  value,
  ...ends(interval),
  weight,
  reason,
];
const correctedHeader = (name: string): string[] =>
  ['value', 'low', 'high', 'weight', 'reason'].map((part) => `${name}_${part}`);

/** No files where the run has no labels. */
export function labelsCsvFiles(labels: LabelsModel | null): Record<string, string> {
  if (labels === null) return {};
  const agreement = labels.agreement.flatMap((row) => [
    [
      row.question,
      'raw agreement',
      row.raters,
      row.images,
      row.compared,
      row.rawAgreement?.value ?? null,
      ...ends(row.rawAgreement?.interval ?? null),
    ],
    ...row.coefficients.map(({ name, value, interval }) => [
      row.question,
      name,
      row.raters,
      row.images,
      row.compared,
      value,
      ...ends(interval),
    ]),
  ]);
  const accuracy = labels.judges.flatMap((judge) =>
    judge.accuracy.map((row) => [
      judge.judge,
      judge.question,
      judge.threshold,
      ...groupCells(row),
      ...[row.sensitivity, row.specificity, row.precision, row.f1, row.agreement].flatMap(measureCells),
    ]),
  );
  const rates = labels.judges.flatMap((judge) =>
    judge.corrected.map((row) => [
      judge.judge,
      judge.question,
      row.family,
      row.simulated,
      row.labelled,
      ...rateCells(row.raw),
      ...[row.predictionPowered, row.roganGladen, row.labelsOnly].flatMap(correctedCells),
    ]),
  );
  const measures = ['sensitivity', 'specificity', 'precision', 'f1', 'agreement'].flatMap(measureHeader);
  const estimators = ['prediction_powered', 'rogan_gladen', 'labels_only'].flatMap(correctedHeader);
  return {
    'label-agreement.csv': csv(
      ['question', 'coefficient', 'raters', 'images', 'compared', 'value', 'low', 'high'],
      agreement,
    ),
    'judge-accuracy.csv': csv(['judge', 'question', 'threshold', ...groupHeader, ...measures], accuracy),
    'corrected-rates.csv': csv(
      ['judge', 'question', 'family', 'simulated', 'labelled', ...rateHeader('raw'), ...estimators],
      rates,
    ),
  };
}
