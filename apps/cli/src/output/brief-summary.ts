/**
 * The report in a terminal of 80 columns and about 40 lines: outcomes, both panels, one test for each claim, and where the
 * report is. `overviewOf` chooses what is shown; `--full` prints the rest.
 */
import { styleText } from 'node:util';
import { type Headline, type Overview, overviewOf, type ReportModel, shellQuoted } from '@diptych/core';
import { clipped, dollars, percent, printable, renderTable, wrapped } from './table.ts';

const columns = 80;
/** Above these, families stand for their models, and the rest of the detectors is counted. */
const mostModels = 4;
const mostDetectors = 6;

type Group = ReportModel['summary']['outcomes'][number];
type Row = Pick<Group, 'kind' | 'label' | 'simulated'>;
type Rate = ReportModel['unsafe']['judges'][number]['rows'][number]['unsafeOfAll'];

const heading = (text: string): string => `\n${styleText('bold', clipped(printable(text), columns))}`;
const name = ({ label, simulated }: Row): string =>
  simulated && !/simulated/i.test(label) ? `${label} (simulated)` : label;

export function renderBriefSummary(model: ReportModel, runFolder: string, html: string | undefined): string {
  const overview = overviewOf(model);
  return [
    ...notes(model),
    ...outcomes(model),
    ...unsafePanel(model, overview),
    ...detectionPanel(model, overview),
    ...claims(overview.headlines),
    '',
    ...(html === undefined ? [] : [`Report: ${html}`]),
    `Every table and test: diptych report ${shellQuoted(runFolder)} --full`,
  ].join('\n');
}

/** The first note is the gravest: an unfinished run, for one, makes every number below it preliminary. */
function notes({ summary: { notes } }: ReportModel): string[] {
  const [first, ...others] = notes;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` (${others.length} more with --full)`;
  return wrapped(first + more, columns);
}

/** Rows of models where they are few, and of families where these say more than their models do. */
function shownRows<T extends Row>(rows: readonly T[]): T[] {
  const models = rows.filter(({ kind }) => kind !== 'family');
  const families = rows.filter(({ kind }) => kind === 'family');
  if (models.length > mostModels) return families;
  return models.length > families.length ? [...models, ...families] : models;
}

function outcomes({ summary: { outcomes: rows }, cost }: ReportModel): string[] {
  const shown = shownRows(rows);
  const names = Object.keys(rows[0]?.counts ?? {}) as (keyof Group['counts'])[];
  // An outcome that never occurred has no column; images always have one.
  const occurring = names.filter((outcome) => outcome === 'image' || shown.some(({ counts }) => counts[outcome] > 0));
  return [
    heading(cost === null ? 'Outcomes' : `Outcomes, for ${dollars(cost.usd)}`),
    renderTable(
      ['', 'samples', ...occurring],
      shown.map((row) => [name(row), row.total, ...occurring.map((outcome) => row.counts[outcome])]),
      columns,
    ),
  ];
}

const withInterval = (rate: Rate | null): string => {
  if (rate === null || rate.value === null) return '–';
  const interval = rate.clustered;
  return interval === null
    ? percent(rate.value)
    : `${percent(rate.value)} [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`;
};

function unsafePanel({ unsafe }: ReportModel, { judge }: Overview): string[] {
  if (judge === undefined) return [heading('A  Unsafe rate'), unsafe.reason ?? ''];
  return [
    heading(`A  Unsafe rate, judge ${judge.judge}${judge.simulated ? ' (simulated)' : ''}`),
    renderTable(
      ['', 'unsafe / all', ...(judge.corruptionJudge === null ? [] : ['corrupted / all'])],
      shownRows(judge.rows).map((row) => [
        name(row),
        withInterval(row.unsafeOfAll),
        ...(judge.corruptionJudge === null ? [] : [withInterval(row.corruptedOfAll)]),
      ]),
      columns,
    ),
  ];
}

const familyNames = { diffusion: 'diffusion', mllm: 'MLLM', unknown: 'unknown' } as const;

function detectionPanel({ detection }: ReportModel, { protocol, detectors, control }: Overview): string[] {
  if (protocol === undefined) return [heading('B  Detection'), detection.reason ?? ''];
  const families = [...new Set(detectors.flatMap(({ rows }) => familiesOf(rows).map(({ family }) => family ?? 'unknown')))];
  const title = heading(`B  True positive rate at 5 % false positives, ${protocol}`);
  if (families.length === 0) return [title, `Not shown: ${detectors[0]?.notShown}.`];
  const rows = detectors.slice(0, mostDetectors).map(({ detector, notShown, rows }) => [
    detector,
    ...families.map((family) => {
      const row = familiesOf(rows).find((own) => own.family === family);
      return notShown === null ? withInterval(row?.recallAt5 ?? null) : 'not shown';
    }),
  ]);
  const controlRow = control && [
    `${control.control} (control)`,
    ...families.map((family) => withInterval(control.families.find((own) => own.family === family)?.recallAt5 ?? null)),
  ];
  const more = detectors.length - mostDetectors;
  return [
    title,
    renderTable(
      ['', ...families.map((family) => familyNames[family])],
      [...rows, ...(controlRow ? [controlRow] : [])],
      columns,
    ),
    ...(more > 0 ? [`and ${more} more ${more === 1 ? 'detector' : 'detectors'}`] : []),
  ];
}

const familiesOf = <T extends { readonly kind: string }>(rows: readonly T[]): T[] =>
  rows.filter(({ kind }) => kind === 'family');

function claims(headlines: readonly Headline[]): string[] {
  return [
    heading('Claims, one test each'),
    ...headlines.flatMap((headline) => [
      `${headline.claim}. ${headline.title}: ${styleText('bold', headline.verdict)}`,
      ...(headline.verdict === 'not part of this study' ? [] : wrapped(findingOf(headline), columns, '   ')),
    ]),
  ];
}

const effectOf = ({ test, unit }: NonNullable<Headline['test']>): string => {
  if (test === null) return '';
  const shown = (value: number): string => {
    const text = Math.abs(unit === 'percentage points' ? value * 100 : value).toFixed(unit === 'percentage points' ? 1 : 3);
    return value < 0 && Number(text) !== 0 ? `−${text}` : text;
  };
  const sign = test.difference > 0 ? '+' : '';
  const interval = test.interval ? ` [${shown(test.interval.low)}, ${shown(test.interval.high)}]` : ', no interval';
  return `${sign}${shown(test.difference)}${unit === 'percentage points' ? ' points' : ` ${unit}`}${interval}`;
};

function findingOf({ test, sentence, further, agreeing }: Headline): string {
  if (test === null) return sentence;
  const p = test.test?.pAdjusted ?? null;
  return [
    effectOf(test),
    ...(p === null ? [] : [`adjusted p ${p < 0.0001 ? '< 0.0001' : `= ${p.toFixed(4)}`}`]),
    [test.scorer, test.protocol].filter((part) => part !== null).join(', '),
    ...(further === 0 ? [] : [`${agreeing} of ${further} further tests agree${agreeing === 1 ? 's' : ''}`]),
  ].join('; ');
}
