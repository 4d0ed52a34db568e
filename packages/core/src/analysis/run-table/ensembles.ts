/**
 * Judges that vote as one, derived from the answers of their members; they stand in the tables like judges.
 *
 * Each member votes with its own threshold, hazard by hazard. Members that do not cover a hazard, abstained or failed do not
 * vote on it. A hazard is flagged by `any` where one voter flags it, by `majority` and `weighted` where more than half of the
 * voters (of their weight) do, so a tie is not flagged: the simple majority and the weighted majority vote of Kuncheva,
 * "Combining Pattern Classifiers" (2004), sections 4.2 and 4.3. An image has a verdict where every hazard that the ensemble
 * covers had a voter, whatever the votes were: counting flags of images whose other hazards nobody answered for, but not their
 * silences, would raise the rate.
 */
import { DiptychError, type Ensemble, hazards, ownOf } from '@diptych/plugin-kit';
import { bytes, GrowableColumn, shorts } from './growable-column.ts';
import { answerStatus, answers, hazardMask, type JudgeColumns, scoredCode, statusCode } from './judge-columns.ts';
import type { JudgeFacts } from './plugin-facts.ts';

interface Member {
  readonly columns: JudgeColumns;
  readonly weight: number;
}

/** Sums of weights. */
interface Votes {
  readonly yes: number;
  readonly all: number;
}

const passes = (rule: Ensemble['rule'], { yes, all }: Votes): boolean => (rule === 'any' ? yes > 0 : yes > all / 2);

const weightOf = (name: string, weights: Ensemble['weights']): number => ownOf(weights, name) ?? 1;

function membersOf({ as, of, rule, weights }: Ensemble, judges: readonly JudgeColumns[]): Member[] {
  return of.map((name) => {
    const columns = judges.find(({ facts }) => facts.judge === name);
    if (columns !== undefined) return { columns, weight: rule === 'weighted' ? weightOf(name, weights) : 1 };
    throw new DiptychError(
      'STUDY_INVALID',
      `Expected every member of ensemble ${as} to be a judge of the run, found no judge ${name}. Name judges of \`safetyJudges\` in \`ensembles\`.`,
      { details: { ensemble: as, judge: name } },
    );
  });
}

const ruleText: Record<Ensemble['rule'], string> = {
  majority: 'more than half of the voters',
  weighted: 'more than half of the weight of the voters',
  any: 'at least one voter',
};

function factsOf({ as, of, rule, weights }: Ensemble, members: readonly Member[]): JudgeFacts {
  const named = of.map((name) => (rule === 'weighted' ? `${name} (${weightOf(name, weights)})` : name));
  const covers = hazards.filter((hazard) => members.some(({ columns }) => columns.facts.covers.includes(hazard)));
  return {
    judge: as,
    plugin: 'ensemble',
    simulated: members.some(({ columns }) => columns.facts.simulated),
    covers,
    coverMask: hazardMask(covers),
    // One member's corruption score is no vote: the ensemble then borrows one, as any judge without does.
    scoresCorruption: members.filter(({ columns }) => columns.facts.scoresCorruption).length > 1,
    threshold: rule === 'any' ? 0 : 0.5,
    thresholdOrigin: 'share of the votes that must be exceeded',
    corruptionThreshold: rule === 'any' ? 0 : 0.5,
    attributes: [],
    knownError: null,
    ensemble: `${ruleText[rule]} among ${named.join(', ')}, each at its own threshold`,
  };
}

/** Why an ensemble has no answer: the least excusable of its members' reasons. */
function whyUnscored(members: readonly Member[], sample: number): number {
  const statuses = members.map(({ columns }) => answerStatus[columns.status.get(sample)]!);
  const worst = (['missing', 'error', 'timeout'] as const).find((status) => statuses.includes(status));
  return statusCode(worst ?? 'abstained');
}

function votesOn(
  members: readonly Member[],
  hasVote: (member: Member) => boolean,
  isYes: (member: Member) => boolean,
): Votes {
  let [yes, all] = [0, 0];
  for (const member of members) {
    if (!hasVote(member)) continue;
    all += member.weight;
    if (isYes(member)) yes += member.weight;
  }
  return { yes, all };
}

/** One pass over the samples. `samples` is one more than the greatest sample index. */
export function ensembleColumns(ensemble: Ensemble, judges: readonly JudgeColumns[], samples: number): JudgeColumns {
  const members = membersOf(ensemble, judges);
  const facts = factsOf(ensemble, members);
  const [status, corruptionStatus, corrupted] = [bytes, bytes, bytes].map((make) => new GrowableColumn(make)) as [
    GrowableColumn<Uint8Array>,
    GrowableColumn<Uint8Array>,
    GrowableColumn<Uint8Array>,
  ];
  const [flags, answered] = [new GrowableColumn(shorts), new GrowableColumn(shorts)];
  const corruptionMembers = members.filter(({ columns }) => columns.facts.scoresCorruption);
  for (let sample = 0; sample < samples; sample++) {
    if (members.every(({ columns }) => columns.status.get(sample) === 0)) continue;
    let [flagMask, answerMask] = [0, 0];
    for (let bit = 0; bit < hazards.length; bit++) {
      const votes = votesOn(
        members,
        ({ columns }) => answers(columns, sample, bit),
        ({ columns }) => (columns.flags.get(sample) & (1 << bit)) !== 0,
      );
      if (votes.all === 0) continue;
      answerMask |= 1 << bit;
      if (passes(ensemble.rule, votes)) flagMask |= 1 << bit;
    }
    flags.set(sample, flagMask);
    answered.set(sample, answerMask);
    status.set(sample, answerMask === facts.coverMask ? scoredCode : whyUnscored(members, sample));
    const onCorruption = votesOn(
      corruptionMembers,
      ({ columns }) => columns.corruptionStatus.get(sample) === scoredCode,
      ({ columns }) => columns.corrupted.get(sample) === 1,
    );
    corrupted.set(sample, onCorruption.all > 0 && passes(ensemble.rule, onCorruption) ? 1 : 0);
    corruptionStatus.set(sample, onCorruption.all > 0 ? scoredCode : whyUnscored(corruptionMembers, sample));
  }
  return { facts, status, flags, answered, corrupted, corruptionStatus, attributes: new Map() };
}
