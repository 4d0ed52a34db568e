/** Claims 3 and 4 beyond panel B, in the Markdown report: the sweep, held-out generators, longer prompts, both panels at once. */

import type { EstimateModel, IntervalModel, MeasuredShare } from '../analysis/parts.ts';
import {
  difference,
  estimate,
  familyName,
  label,
  notDefined,
  percent,
  plain,
  rate,
  table,
  three,
} from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';
import type { BypassArm } from './sections/bypass.ts';

const minus = (text: string): string => text.replaceAll('-', '−');
const signedThree = (value: number | null): string => (value === null ? notDefined : minus(value.toFixed(3)));
const range = (interval: IntervalModel | null, show: (value: number) => string): string =>
  interval === null ? '' : ` (${show(interval.low)} to ${show(interval.high)})`;
/** A difference in percentage points. */
const points = (value: EstimateModel | null): string => {
  const show = (share: number): string => minus((share * 100).toFixed(1));
  return value === null ? notDefined : show(value.value) + range(value.interval, show);
};
const change = (value: EstimateModel | null): string =>
  value === null ? notDefined : signedThree(value.value) + range(value.interval, signedThree);
function robustnessMarkdown({ robustness }: ReportModel): string[] {
  const notes = robustness.notes.map((note) => `- ${plain(note)}`);
  if (robustness.rows.length === 0) return notes.length === 0 ? [] : ['### Robustness', ...notes];
  return [
    '### Robustness',
    'Each change was made to synthetic and authentic images alike. Differences are changed minus as received, over the same images; TPR at 5 % false positives on the changed authentic images. Heads fitted in the run are those fitted on images as received. Nothing here is tested; intervals only. Full tables under each change are in detection.csv.',
    table(
      [
        'detector',
        'change',
        'group',
        'images',
        'AUROC',
        'minus as received',
        'TPR',
        'minus as received, points',
        'TPR at the old threshold',
        'false alarms at the old threshold',
      ],
      robustness.rows.map((row) => [
        plain(row.detector),
        row.perturbation,
        label(row),
        String(row.images),
        three(row.auroc),
        change(row.aurocDifference),
        percent(row.recallAt5),
        points(row.recallDifference),
        percent(row.recallAtOldThreshold),
        percent(row.falseAlarmsAtOldThreshold),
      ]),
    ),
    ...notes,
  ];
}

const both = (value: MeasuredShare | null): string[] => [estimate(value?.auroc ?? null), rate(value?.recallAt5 ?? null)];

type HeldOut = ReportModel['heldOut'];

function seenMarkdown({ seen }: HeldOut): string[] {
  if (seen.length === 0) return [];
  const rows = seen.flatMap(({ detector, protocol, sides }) =>
    sides.map((side) => [
      plain(detector),
      protocol,
      side.family === null ? 'all' : familyName[side.family],
      side.seen ? 'seen' : 'unseen',
      String(side.models),
      String(side.images),
      ...both(side),
    ]),
  );
  const header = ['detector', 'protocol', 'family', 'in training', 'models', 'images', 'AUROC', 'TPR at 5 % FPR'];
  return [
    '### Generators seen and not seen in training',
    ...seen.map(({ detector, protocol, reason, test }) =>
      reason === null
        ? `- ${plain(detector)}, ${protocol}: TPR at 5 % FPR, seen minus unseen: ${difference(test)}.`
        : `- ${plain(detector)}, ${protocol}: ${plain(reason)}`,
    ),
    ...(rows.length > 0 ? [table(header, rows)] : []),
  ];
}

function heldOutMarkdown({ rows: heldOut, notes }: HeldOut): string[] {
  if (heldOut.length === 0) return [];
  const header = [
    'all fitted: AUROC',
    'TPR at 5 % FPR',
    'generator left out: AUROC',
    'TPR',
    'loss, points',
    'family left out: AUROC',
    'TPR',
    'loss, points',
  ];
  return [
    '### Held-out generators and families',
    ...notes,
    table(
      ['detector', 'protocol', 'group', ...header],
      heldOut.map((row) => [
        plain(row.detector),
        row.protocol,
        label(row),
        ...both(row.within),
        ...both(row.generatorHeldOut),
        points(row.generatorLoss),
        ...both(row.familyHeldOut),
        points(row.familyLoss),
      ]),
    ),
  ];
}

function transferMarkdown(matrix: ReportModel['transfer'][number]): string[] {
  const cell = (trained: string, tested: string): string => {
    const found = matrix.cells.find((entry) => entry.trained === trained && entry.tested === tested);
    return found ? `${percent(found.recallAt5.value)} / ${three(found.auroc?.value ?? null)}` : notDefined;
  };
  const names = matrix.generators.map((generator) => generator.label);
  return [
    `### Transfer between generators: ${plain(matrix.detector)}, ${matrix.protocol}`,
    'Rows: what the head was fitted on. Columns: what it was tested on. TPR at 5 % FPR / AUROC.',
    table(
      ['fitted on', ...names.map(plain)],
      names.map((row) => [plain(row), ...names.map((column) => cell(row, column))]),
    ),
    table(
      ['fitted on', 'tested on', 'pairs', 'mean TPR at 5 % FPR', 'mean AUROC'],
      matrix.means.map((mean) => [
        familyName[mean.trained],
        mean.isOwn ? 'the same generator' : `other generators, ${familyName[mean.tested]}`,
        String(mean.pairs),
        percent(mean.recallAt5),
        three(mean.auroc),
      ]),
    ),
  ];
}

const armTitle = ({ detector, protocol, retrainedOn }: BypassArm): string =>
  `### Bypass: ${plain(detector)}, ${protocol}, ${retrainedOn === null ? 'as it is' : `retrained on ${plain(retrainedOn)}`}`;
export const predictorName = { level: 'level', words: 'ten words', tokens: 'ten tokens' } as const;

function armMarkdown(arm: BypassArm): string[] {
  const parts = [armTitle(arm)];
  if (arm.levels.length > 0)
    parts.push(
      table(
        ['group', 'level', 'images', 'prompts', 'mean score', 'TPR at 5 % FPR'],
        arm.levels.map((row) => [
          label(row),
          String(row.level),
          String(row.images),
          String(row.prompts),
          estimate(row.meanScore),
          rate(row.recallAt5),
        ]),
      ),
    );
  if (arm.differences.length > 0)
    parts.push(
      table(
        ['group', 'level', 'measure', 'minus the lowest level, points'],
        arm.differences.map((row) => [label(row), String(row.level), row.measure, difference(row.test)]),
      ),
    );
  if (arm.slopes.length > 0)
    parts.push(
      table(
        ['group', 'per', 'compared', 'slope of the score', 'samples', 'prompts'],
        [
          ...arm.slopes.map((row) => [
            label(row),
            predictorName[row.predictor],
            row.withinPrompts ? 'within prompts' : 'across prompts',
            signedThree(row.slope) + range(row.interval, signedThree),
            String(row.samples),
            String(row.prompts),
          ]),
          ...arm.slopeDifferences.map((row) => [
            'MLLM minus diffusion',
            predictorName[row.predictor],
            row.withinPrompts ? 'within prompts' : 'across prompts',
            signedThree(row.difference) + range(row.interval, signedThree),
            notDefined,
            notDefined,
          ]),
        ],
      ),
    );
  return parts;
}

/** Everything after the detectors' own tables. */
export const detectionMarkdown = (model: ReportModel): string[] => [
  ...robustnessMarkdown(model),
  ...seenMarkdown(model.heldOut),
  ...heldOutMarkdown(model.heldOut),
  ...model.transfer.flatMap(transferMarkdown),
  ...(model.bypass.arms.length > 0 ? ['## Bypass', ...model.bypass.notes] : []),
  ...model.bypass.arms.flatMap(armMarkdown),
];
