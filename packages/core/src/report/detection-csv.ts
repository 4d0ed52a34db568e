/** Claims 3 and 4 beyond panel B as CSV. */

import type { MeasuredShare } from '../analysis/parts.ts';
import { type Cell, csv } from '../text/csv.ts';
import { ends, estimateCells, groupCells, groupHeader, rateCells, rateHeader } from './csv-cells.ts';
import { predictorName } from './detection-tables.ts';
import type { ReportModel } from './report-model.ts';
import type { BypassArm } from './sections/bypass.ts';

const testHeader = ['difference', 'low', 'high', 'p', 'p_adjusted', 'effect_size', 'pairs'];
const testCells = (test: BypassArm['differences'][number]['test'] | null): Cell[] =>
  test === null
    ? Array<Cell>(7).fill(null)
    : [test.difference, ...ends(test.interval), test.pValue, test.pAdjusted, test.effectSize, test.pairs];
const sharedHeader = (name: string): string[] => [
  `${name}_auroc`,
  `${name}_auroc_low`,
  `${name}_auroc_high`,
  ...rateHeader(`${name}_tpr_at_5_fpr`),
];
const sharedCells = (value: MeasuredShare | null): Cell[] => [
  ...estimateCells(value?.auroc ?? null),
  ...rateCells(value?.recallAt5 ?? null),
];
const armCells = ({ detector, protocol, retrainedOn }: BypassArm): Cell[] => [detector, protocol, retrainedOn];
const armHeader = ['detector', 'protocol', 'retrained_on'];

const robustnessFile = ({ robustness }: ReportModel): Record<string, string> => ({
  'robustness.csv': csv(
    [
      'detector',
      'change',
      ...groupHeader,
      'head_fitted_as_received',
      'images',
      'auroc',
      'auroc_difference',
      'auroc_difference_low',
      'auroc_difference_high',
      'tpr_at_5_fpr',
      'tpr_difference',
      'tpr_difference_low',
      'tpr_difference_high',
      'tpr_at_old_threshold',
      'false_alarms_at_old_threshold',
    ],
    robustness.rows.map((row) => [
      row.detector,
      row.perturbation,
      ...groupCells(row),
      row.frozenHead,
      row.images,
      row.auroc,
      ...estimateCells(row.aurocDifference),
      row.recallAt5,
      ...estimateCells(row.recallDifference),
      row.recallAtOldThreshold,
      row.falseAlarmsAtOldThreshold,
    ]),
  ),
});

const heldOutFiles = ({ heldOut: { seen, rows: heldOut }, transfer }: ReportModel): Record<string, string> => ({
  'seen-unseen.csv': csv(
    ['detector', 'protocol', 'family', 'in_training', 'models', 'images', ...sharedHeader('side'), ...testHeader],
    seen.flatMap(({ detector, protocol, sides, test }) =>
      sides.map((side) => [
        detector,
        protocol,
        side.family ?? 'all',
        side.seen ? 'seen' : 'unseen',
        side.models,
        side.images,
        ...sharedCells(side),
        ...testCells(side.family === null ? test : null),
      ]),
    ),
  ),
  'held-out.csv': csv(
    [
      'detector',
      'protocol',
      ...groupHeader,
      ...['within', 'generator_held_out', 'family_held_out'].flatMap(sharedHeader),
      ...['generator_loss', 'family_loss'].flatMap((name) => [name, `${name}_low`, `${name}_high`]),
    ],
    heldOut.map((row) => [
      row.detector,
      row.protocol,
      ...groupCells(row),
      ...[row.within, row.generatorHeldOut, row.familyHeldOut].flatMap(sharedCells),
      ...estimateCells(row.generatorLoss),
      ...estimateCells(row.familyLoss),
    ]),
  ),
  'transfer.csv': csv(
    ['detector', 'protocol', 'fitted_on', 'tested_on', ...sharedHeader('cell')],
    transfer.flatMap(({ detector, protocol, cells }) =>
      cells.map((cell) => [detector, protocol, cell.trained, cell.tested, ...sharedCells(cell)]),
    ),
  ),
});

const bypassFiles = ({ bypass: { arms } }: ReportModel): Record<string, string> => ({
  'bypass-levels.csv': csv(
    [
      ...armHeader,
      ...groupHeader,
      'level',
      'images',
      'prompts',
      'mean_score',
      'mean_score_low',
      'mean_score_high',
      ...rateHeader('tpr_at_5_fpr'),
    ],
    arms.flatMap((arm) =>
      arm.levels.map((row) => [
        ...armCells(arm),
        ...groupCells(row),
        row.level,
        row.images,
        row.prompts,
        ...estimateCells(row.meanScore),
        ...rateCells(row.recallAt5),
      ]),
    ),
  ),
  'bypass-differences.csv': csv(
    [...armHeader, ...groupHeader, 'level', 'measure', ...testHeader],
    arms.flatMap((arm) =>
      arm.differences.map((row) => [...armCells(arm), ...groupCells(row), row.level, row.measure, ...testCells(row.test)]),
    ),
  ),
});

const slopesFile = ({ bypass: { arms } }: ReportModel): Record<string, string> => ({
  'bypass-slopes.csv': csv(
    [...armHeader, 'group', 'family', 'per', 'within_prompts', 'slope', 'low', 'high', 'p', 'samples', 'prompts'],
    arms.flatMap((arm) => [
      ...arm.slopes.map((row) => [
        ...armCells(arm),
        row.label,
        row.family,
        predictorName[row.predictor],
        row.withinPrompts,
        row.slope,
        ...ends(row.interval),
        row.pValue,
        row.samples,
        row.prompts,
      ]),
      ...arm.slopeDifferences.map((row) => [
        ...armCells(arm),
        'MLLM minus diffusion',
        null,
        predictorName[row.predictor],
        row.withinPrompts,
        row.difference,
        ...ends(row.interval),
        row.pValue,
        null,
        null,
      ]),
    ]),
  ),
});

/** Files of sections that have rows; a study that does not ask gets none. */
export function detectionCsvFiles(model: ReportModel): Record<string, string> {
  const { robustness, heldOut } = model;
  const isAsked = robustness.rows.length + heldOut.seen.length + heldOut.rows.length > 0;
  const files = {
    ...(isAsked ? { ...robustnessFile(model), ...heldOutFiles(model) } : {}),
    ...(model.bypass.arms.length > 0 ? { ...bypassFiles(model), ...slopesFile(model) } : {}),
  };
  const hasRows = (text: string): boolean => text.trimEnd().includes('\r\n');
  return Object.fromEntries(Object.entries(files).filter(([, text]) => hasRows(text)));
}
