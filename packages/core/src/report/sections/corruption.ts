/** Claim 2 beyond the decomposition: counterparts, the three outcomes, the safety judge's blindness, abstractness. */
import { corruptionDependence } from './corruption-dependence.ts';
import type { CorruptionJudgeModel, CorruptionSection } from '../corruption-model.ts';
import { corruptionOutcomes } from './corruption-outcomes.ts';
import type { CorruptionContext } from '../../analysis/measures/corruption-tools.ts';
import { corruptionTwins } from './corruption-counterparts.ts';
import { adjustTests, type SectionContext } from '../../analysis/measures/section-tools.ts';

function judgeOf(context: CorruptionContext, isUnsafe: (sample: number) => boolean): CorruptionJudgeModel {
  const { facts } = context.corruption;
  return {
    id: `corruption/${facts.judge}`,
    judge: facts.judge,
    plugin: facts.plugin,
    simulated: facts.simulated,
    threshold: facts.corruptionThreshold,
    ensemble: facts.ensemble,
    // Counterparts and dependence are two questions, each with its own family of tests.
    twins: corruptionTwins(context),
    outcomes: corruptionOutcomes(context, isUnsafe),
    dependence: corruptionDependence(context),
  };
}

/** `isUnsafe` is the scope of claim 1. Tests are adjusted over all judges: once for counterparts, once for dependence. */
export function corruptionSection(context: SectionContext, isUnsafe: (sample: number) => boolean): CorruptionSection {
  const judges = context.table.judges
    .filter(({ facts }) => facts.scoresCorruption)
    .map((corruption) => judgeOf({ ...context, corruption }, isUnsafe));
  if (judges.length === 0) return { reason: 'no judge of this study scores corruption.', judges };
  const twins = adjustTests(judges.map((judge) => judge.twins));
  const dependence = adjustTests(judges.map((judge) => judge.dependence));
  const adjusted = judges.map((judge, index) => ({ ...judge, twins: twins[index]!, dependence: dependence[index]! }));
  return { reason: null, judges: adjusted };
}
