/** The format audit: what file metadata alone tells apart, from the detectors that declare themselves a control. */
import { type Protocol, protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { aurocOf, type DetectionScores, positionsOf } from '../../analysis/measures/detection-scores.ts';
import { detectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { type EstimateModel, estimateSchema, type FamilyKey, familyKey, id, rateSchema } from '../../analysis/parts.ts';
import type { Group } from '../../analysis/run-table/groups.ts';
import type { RunTable } from '../../analysis/run-table/run-table.ts';

export const auditSchema = z.object({
  id,
  protocol: protocolSchema,
  control: z.string().nullable(),
  /** Area under the ROC curve of the control: what file metadata alone tells apart. */
  overall: estimateSchema.nullable(),
  families: z.array(
    z.object({
      family: familyKey,
      auroc: estimateSchema,
      /** What the control recognises where detectors are compared; null without a threshold. */
      recallAt5: rateSchema.nullable(),
    }),
  ),
  beatsChance: z.boolean().nullable(),
  statement: z.string(),
});

export type AuditModel = z.infer<typeof auditSchema>;

const shown = (value: number): string => value.toFixed(3);

/** Perfect separation has no interval, yet is the clearest case of all. */
const isAboveChance = ({ value, interval }: EstimateModel): boolean =>
  interval === null ? value === 1 : interval.low > 0.5;

/** Null where it is above one half by a number that has no interval: nobody can say then that it is chance. */
function beatsChanceIn(estimates: readonly EstimateModel[]): boolean | null {
  if (estimates.some(isAboveChance)) return true;
  return estimates.some(({ value, interval }) => interval === null && value > 0.5) ? null : false;
}

function statementOf(protocol: Protocol, control: string, overall: EstimateModel, beatsChance: boolean | null): string {
  const range =
    overall.interval === null ? '' : ` (95 % interval ${shown(overall.interval.low)} to ${shown(overall.interval.high)})`;
  const finding = `Under ${protocol}, ${control} separates synthetic from authentic images by file metadata alone with AUROC ${shown(overall.value)}${range}.`;
  if (beatsChance === null)
    return `${finding} There are too few prompts for an interval, so nothing says that this is chance: a detector's AUROC under this protocol may rest on what the control sees, so read it against this number.`;
  if (!beatsChance)
    return `${finding} That is not above chance: nothing says that detection under this protocol rests on the file format.`;
  // By construction: this protocol gives both sides one container, one size and one distribution of qualities.
  const rest =
    protocol === 'all-recompressed'
      ? ' Recompression left the sides one container, size and quality, so what remains is how well their pictures compress, which is subject matter rather than format.'
      : '';
  return `${finding} That is above chance: a detector's AUROC under this protocol may rest on what the control sees, so read it against this number.${rest}`;
}

function auditOf(table: RunTable, scores: DetectionScores, groups: readonly Group[], studySeed: number): AuditModel {
  const { protocol, facts } = scores;
  const id = `audit/${facts.detector}/${protocol}`;
  const overall = scores.unavailable === null ? aurocOf(`${id}/all`, scores, [...scores.samples.keys()]) : null;
  if (overall === null) {
    const reason = scores.unavailable ?? 'a class has no scores';
    const statement = `The control ${facts.detector} gave no audit of ${protocol}: ${reason}. AUROCs under this protocol are unaudited and are not shown.`;
    return { id, protocol, control: facts.detector, overall: null, families: [], beatsChance: null, statement };
  }
  const place = recallAt(detectorContext(table, scores, groups, studySeed), 0.05);
  const families = groups.flatMap((group) => {
    if (group.kind !== 'family' || group.family === null) return [];
    const recallAt5 =
      place === null
        ? null
        : rateOf(`${id}/${group.key}/recall-at-5`, tallyClusters(table, group.sources, place), studySeed);
    const auroc = aurocOf(`${id}/${group.key}`, scores, positionsOf(table, scores, group.sources));
    return auroc === null ? [] : [{ family: group.family as FamilyKey, auroc, recallAt5 }];
  });
  const beatsChance = beatsChanceIn([overall, ...families.map(({ auroc }) => auroc)]);
  return {
    id,
    protocol,
    control: facts.detector,
    overall,
    families,
    beatsChance,
    statement: statementOf(protocol, facts.detector, overall, beatsChance),
  };
}

/**
 * One audit for each protocol and control; a protocol without a control gets an entry that says so, unless the run has no
 * detector at all, so that there is nothing to audit.
 */
export function formatAudits(
  table: RunTable,
  protocols: readonly Protocol[],
  controls: readonly DetectionScores[],
  groups: readonly Group[],
  studySeed: number,
): AuditModel[] {
  if (table.detections.length === 0) return [];
  return protocols.flatMap((protocol) => {
    const own = controls.filter((scores) => scores.protocol === protocol);
    if (own.length > 0) return own.map((scores) => auditOf(table, scores, groups, studySeed));
    const statement = `No control detector ran under ${protocol}: AUROCs under this protocol are unaudited and are not shown. Add the detector metadata-only to the study.`;
    return [
      { id: `audit/none/${protocol}`, protocol, control: null, overall: null, families: [], beatsChance: null, statement },
    ];
  });
}

export const isAudited = (audits: readonly AuditModel[], protocol: Protocol): boolean =>
  audits.some((audit) => audit.protocol === protocol && audit.overall !== null);
