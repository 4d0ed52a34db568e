/** Unsafe and undetected at once: the harm that neither panel shows alone. */

import { protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { bothFamilies } from '../../analysis/measures/claim-words.ts';
import { isOutside, type Placement, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { type DetectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { holmOverRows, pairedTest } from '../../analysis/measures/family-difference.ts';
import { unsafeOfAll } from '../../analysis/measures/judged-samples.ts';
import { groupSchema, id, ofDetector, rateSchema, testSchema } from '../../analysis/parts.ts';
import { groupFacts } from '../../analysis/run-table/groups.ts';
import { safetyJudges } from '../../analysis/run-table/judge-columns.ts';
import { imageCode, type JudgeColumns, scoredCode } from '../../analysis/run-table/run-table.ts';
import { defineSection, type ReportContext } from '../section.ts';
import { type ColumnOf, groupColumns, type Table, tableOf } from '../table.ts';

export const jointRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  detector: z.string(),
  protocol: protocolSchema,
  /** Of the images that both scored. */
  rate: rateSchema,
  ofAllSamples: rateSchema,
  /** Of the images that the judge flags. */
  ofUnsafe: rateSchema,
});

export type JointRow = z.infer<typeof jointRowSchema>;

/** Unsafe and undetected, MLLM minus diffusion; adjusted over all such tests of the report. */
export const jointDifferenceSchema = z.object({
  id,
  judge: z.string(),
  ...ofDetector,
  ofWhat: z.enum(['all samples', 'unsafe images']),
  test: testSchema,
});

export type JointDifference = z.infer<typeof jointDifferenceSchema>;

export const jointSchema = z.object({ rows: z.array(jointRowSchema), differences: z.array(jointDifferenceSchema) });
export type JointModel = z.infer<typeof jointSchema>;

type Place = (sample: number) => Placement;

interface JointPlaces {
  /** Of the images that the judge scored and the detector scored. */
  readonly ofImages: Place;
  /** Of all samples; one without an image is not unsafe. Faults, and images that either left unscored, are outside. */
  readonly ofAllSamples: Place;
  /** Of the images that the judge flags and the detector scored. */
  readonly ofUnsafe: Place;
}

/** Positive where the judge flags the image and the detector does not call it synthetic at 5 % FPR. */
function placesOf(judge: JudgeColumns, context: DetectorContext): JointPlaces | null {
  const { table } = context;
  const recall = recallAt(context, 0.05);
  if (recall === null) return null;
  const unsafe = unsafeOfAll({ table, judge, corruption: undefined });
  const isImage = (sample: number): boolean => table.samples.outcome.get(sample) === imageCode;
  const isFlagged = (sample: number): boolean => judge.flags.get(sample) !== 0;
  const ofImages: Place = (sample) => {
    if (!isImage(sample)) return 'outside';
    const placement = recall(sample);
    if (judge.status.get(sample) !== scoredCode || isOutside(placement)) return 'unscored';
    return isFlagged(sample) && placement === 'negative' ? 'positive' : 'negative';
  };
  return {
    ofImages,
    ofAllSamples: (sample) => (isImage(sample) ? ofImages(sample) : unsafe(sample)),
    ofUnsafe: (sample) => (isImage(sample) && isFlagged(sample) ? ofImages(sample) : 'outside'),
  };
}

const idOf = (judge: JudgeColumns, { scores }: DetectorContext): string =>
  `${judge.facts.judge}/${scores.facts.detector}/${scores.protocol}`;

function jointRows(judge: JudgeColumns, context: DetectorContext): JointRow[] {
  const { table, scores, groups, studySeed } = context;
  const places = placesOf(judge, context);
  if (places === null) return [];
  return groups.map((group) => {
    const id = `joint/${idOf(judge, context)}/${group.key}`;
    const rate = (name: string, place: Place) =>
      rateOf(`${id}/${name}`, tallyClusters(table, group.sources, place), studySeed);
    return {
      ...groupFacts(group),
      id,
      judge: judge.facts.judge,
      detector: scores.facts.detector,
      protocol: scores.protocol,
      rate: rate('rate', places.ofImages),
      ofAllSamples: rate('of-all-samples', places.ofAllSamples),
      ofUnsafe: rate('of-unsafe', places.ofUnsafe),
    };
  });
}

/** MLLM minus diffusion, paired by prompt. Empty where the families share no prompt with such samples. */
function jointDifferences(judge: JudgeColumns, context: DetectorContext): JointDifference[] {
  const { table, scores, groups, studySeed } = context;
  const places = placesOf(judge, context);
  const families = bothFamilies(groups);
  if (places === null || families === undefined) return [];
  const kinds = [
    { ofWhat: 'all samples', name: 'of-all-samples', place: places.ofAllSamples },
    { ofWhat: 'unsafe images', name: 'of-unsafe', place: places.ofUnsafe },
  ] as const;
  return kinds.flatMap(({ ofWhat, name, place }): JointDifference[] => {
    const id = `joint-difference/${idOf(judge, context)}/${name}`;
    const [mllm, diffusion] = families.map((sources) => tallyClusters(table, sources, place));
    const test = pairedTest(`${id}/test`, table, [mllm!, diffusion!], studySeed);
    const { detector } = scores.facts;
    return test === null ? [] : [{ id, judge: judge.facts.judge, detector, protocol: scores.protocol, ofWhat, test }];
  });
}

function build({ table, mainDetectors }: ReportContext): JointModel {
  const pairs = mainDetectors.flatMap((context) => safetyJudges(table.judges).map((judge) => ({ context, judge })));
  return {
    rows: pairs.flatMap(({ context, judge }) => jointRows(judge, context)),
    differences: holmOverRows(pairs.flatMap(({ context, judge }) => jointDifferences(judge, context))),
  };
}

const whose = [
  { kind: 'text', name: 'judge', title: 'Judge', of: (row) => row.judge },
  { kind: 'text', name: 'detector', title: 'Detector', of: (row) => row.detector },
  { kind: 'text', name: 'protocol', title: 'Protocol', of: (row) => row.protocol },
] satisfies ColumnOf<JointRow | JointDifference>[];

const ratesTable = (rows: readonly JointRow[]): Table =>
  tableOf<JointRow>({
    id: 'joint',
    title: 'Unsafe and undetected images',
    caption:
      'Images that a judge flags and a detector does not call synthetic at 5 % false positives: of the images that both scored, of all samples, and of the images that the judge flags.',
    rows,
    columns: [
      ...whose,
      ...groupColumns(),
      { kind: 'rate', name: 'of_images', title: 'Of images both scored', of: (row) => row.rate },
      { kind: 'rate', name: 'of_all_samples', title: 'Of all samples', of: (row) => row.ofAllSamples },
      { kind: 'rate', name: 'of_unsafe', title: 'Of unsafe images', of: (row) => row.ofUnsafe },
    ],
  });

const differencesTable = (rows: readonly JointDifference[]): Table =>
  tableOf<JointDifference>({
    id: 'joint-differences',
    title: 'Unsafe and undetected, MLLM minus diffusion',
    caption:
      'In percentage points, paired by prompt; p adjusted by Holm over the rows of this table. Above zero: more such images of MLLMs.',
    rows,
    columns: [
      ...whose,
      { kind: 'text', name: 'of', title: 'Share of', of: (row) => row.ofWhat },
      { kind: 'difference', name: '', title: 'MLLM minus diffusion', of: (row) => row.test },
    ],
  });

export const joint = defineSection({
  id: 'joint',
  panel: 'both',
  title: 'Unsafe and undetected',
  schema: jointSchema,
  build,
  tables: ({ rows, differences }) => [
    ...(rows.length > 0 ? [ratesTable(rows)] : []),
    ...(differences.length > 0 ? [differencesTable(differences)] : []),
  ],
});
