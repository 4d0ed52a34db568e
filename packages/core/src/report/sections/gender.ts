/**
 * Whom do the generators draw where the prompt does not say? Counts faces as a judge of attributes classified them. An image
 * without a face says nothing about gender: it is counted apart and is in no share. The classifier errs, as the report says.
 */
import { unclearGender } from '@diptych/plugin-kit';
import { z } from 'zod';
import { type ClusterTallies, rateOf } from '../../analysis/measures/clustered-rate.ts';
import { pairedTest } from '../../analysis/measures/family-difference.ts';
import { adjustTests, countSamples, familyGroup, type SectionContext } from '../../analysis/measures/section-tools.ts';
import { count, groupSchema, id, rateSchema, reason, testSchema } from '../../analysis/parts.ts';
import { genderings } from '../../analysis/run-table/gendered-words.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { type JudgeColumns, scoredCode } from '../../analysis/run-table/judge-columns.ts';
import { imageCode } from '../../analysis/run-table/run-table.ts';

export const genderRowSchema = groupSchema.extend({
  id,
  images: count,
  /** Of those: with a face, without one (not covered, never 0 women), and without an answer. */
  withFaces: count,
  /** Of those with a face: none of the faces was classed. */
  unclear: count,
  withoutFaces: count,
  unscored: count,
  femaleOfFaces: rateSchema,
  femaleOfSingle: rateSchema,
});

export type GenderRow = z.infer<typeof genderRowSchema>;

export const genderSchema = z.object({
  id,
  judge: z.string(),
  plugin: z.string(),
  simulated: z.boolean(),
  /** Of the classifier; null where the judge states none. */
  knownError: z.string().nullable(),
  /** Samples of prompts that name a gender, and of prompts in languages without a word list: both left out. */
  genderedSamples: count,
  unexaminedSamples: count,
  rows: z.array(genderRowSchema),
  /** MLLM minus diffusion, share of women among faces. */
  families: testSchema.nullable(),
});

export type GenderModel = z.infer<typeof genderSchema>;

export const gendersSchema = z.object({ reason, judges: z.array(genderSchema) });
export type GendersModel = z.infer<typeof gendersSchema>;

const neutral = genderings.indexOf('neutral');
const [gendered, unexamined] = [genderings.indexOf('gendered'), genderings.indexOf('not examined')];

interface GenderJudge {
  readonly judge: JudgeColumns;
  females(sample: number): number;
  /** Faces with a gender. */
  faces(sample: number): number;
  /** Faces that the judge found and would not class. */
  unclear(sample: number): number;
}

function genderJudge(judge: JudgeColumns): GenderJudge | null {
  const [female, male] = [judge.attributes.get('gender:female'), judge.attributes.get('gender:male')];
  if (female === undefined || male === undefined) return null;
  return {
    judge,
    females: (sample) => female.get(sample),
    faces: (sample) => female.get(sample) + male.get(sample),
    unclear: (sample) => judge.attributes.get(unclearGender)?.get(sample) ?? 0,
  };
}

/** Faces of neutral prompts by cluster of prompts, in the order of the first sample: `clustered-rate.ts` with counts. */
function tallyFaces(
  { table }: SectionContext,
  { judge, females, faces, unclear }: GenderJudge,
  group: Group,
  singleOnly: boolean,
): ClusterTallies {
  const { outcome, source, cluster, gendering } = table.samples;
  const rows = new Map<number, number>();
  const tallies = { clusters: [] as number[], positives: [] as number[], trials: [] as number[] };
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) !== imageCode || group.sources[source.get(sample)] === 0) continue;
    const isCounted = judge.status.get(sample) === scoredCode && gendering.get(sample) === neutral;
    const all = faces(sample);
    if (!isCounted || all === 0 || (singleOnly && all + unclear(sample) !== 1)) continue;
    const key = cluster.get(sample);
    let row = rows.get(key);
    if (row === undefined) {
      row = tallies.clusters.push(key) - 1;
      rows.set(key, row);
      tallies.positives.push(0);
      tallies.trials.push(0);
    }
    tallies.positives[row]! += females(sample);
    tallies.trials[row]! += all;
  }
  return tallies;
}

function rowOf(context: SectionContext, gender: GenderJudge, group: Group): GenderRow {
  const { samples } = context.table;
  const id = `gender/${gender.judge.facts.judge}/${group.key}`;
  const isImage = (sample: number) => samples.outcome.get(sample) === imageCode && samples.gendering.get(sample) === neutral;
  const isScored = (sample: number) => isImage(sample) && gender.judge.status.get(sample) === scoredCode;
  const images = countSamples(context, group, isImage);
  const scored = countSamples(context, group, isScored);
  const facesOf = (sample: number) => gender.faces(sample) + gender.unclear(sample);
  const withFaces = countSamples(context, group, (sample) => isScored(sample) && facesOf(sample) > 0);
  const unclear = countSamples(
    context,
    group,
    (sample) => isScored(sample) && facesOf(sample) > 0 && gender.faces(sample) === 0,
  );
  const rate = (name: string, singleOnly: boolean) =>
    rateOf(`${id}/${name}`, tallyFaces(context, gender, group, singleOnly), context.studySeed);
  return {
    ...groupFacts(group),
    id,
    images,
    withFaces,
    unclear,
    withoutFaces: scored - withFaces,
    unscored: images - scored,
    femaleOfFaces: rate('female-of-faces', false),
    femaleOfSingle: rate('female-of-single', true),
  };
}

function familiesOf(context: SectionContext, gender: GenderJudge): GenderModel['families'] {
  const { table, groups, studySeed } = context;
  const [mllm, diffusion] = [familyGroup(groups, 'mllm'), familyGroup(groups, 'diffusion')];
  if (mllm === undefined || diffusion === undefined) return null;
  const sides = [mllm, diffusion].map((group) => tallyFaces(context, gender, group, false)) as [
    ClusterTallies,
    ClusterTallies,
  ];
  return pairedTest(`gender/${gender.judge.facts.judge}/families`, table, sides, studySeed);
}

function modelOf(context: SectionContext, gender: GenderJudge): GenderModel {
  const { table, groups } = context;
  const { facts } = gender.judge;
  const counted = (code: number) =>
    groups
      .filter(({ kind }) => kind === 'family')
      .reduce(
        (sum, group) => sum + countSamples(context, group, (sample) => table.samples.gendering.get(sample) === code),
        0,
      );
  return {
    id: `gender/${facts.judge}`,
    judge: facts.judge,
    plugin: facts.plugin,
    simulated: facts.simulated,
    knownError: facts.knownError,
    genderedSamples: counted(gendered),
    unexaminedSamples: counted(unexamined),
    rows: groups.map((group) => rowOf(context, gender, group)).filter(({ images }) => images > 0),
    families: familiesOf(context, gender),
  };
}

export function genderSection(context: SectionContext): GendersModel {
  const judges = context.table.judges.map(genderJudge).filter((judge) => judge !== null);
  if (judges.length === 0) return { reason: 'no judge of this study counts faces by gender.', judges: [] };
  return adjustTests({ reason: null, judges: judges.map((judge) => modelOf(context, judge)) });
}
