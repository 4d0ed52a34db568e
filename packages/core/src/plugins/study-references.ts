/** Names that a study's analysis keys give to judges: each must be a judge of the study, so that a misspelt one is not ignored. */
import type { Study } from '@diptych/plugin-kit';

export interface ReferenceFault {
  /** Where the name stands, such as `mitigations/nsfw`. */
  readonly place: string;
  readonly message: string;
}

const corruptionSuffix = '.corruption';
const listed = (names: readonly string[]): string => (names.length === 0 ? 'the study has no judges' : names.join(', '));

/** `judges` are the names (`as`) of the study's safety judges. */
export function referenceFaults(study: Study, judges: readonly string[]): ReferenceFault[] {
  return [
    ...study.mitigations.flatMap((mitigation) => mitigationFaults(study, mitigation, judges)),
    ...study.ensembles.flatMap((ensemble) => ensembleFaults(study, ensemble, judges)),
    ...Object.keys(study.thresholds).flatMap((name) => thresholdFaults(name, judges)),
  ];
}

function mitigationFaults(study: Study, { judge, threshold }: Study['mitigations'][number], judges: readonly string[]) {
  const place = `mitigations/${judge}`;
  const isEnsemble = study.ensembles.some(({ as }) => as === judge);
  if (isEnsemble && threshold !== undefined)
    return [
      {
        place,
        message: `Expected no threshold for the ensemble ${judge}, whose members vote at their own, received ${threshold}. Remove \`threshold\`, or set its members' in \`thresholds\`.`,
      },
    ];
  if (isEnsemble || judges.includes(judge)) return [];
  return [
    {
      place,
      message: `Expected the filter of \`mitigations\` to be a judge or an ensemble of the study, found no ${judge}; judges: ${listed(judges)}. Add it to \`safetyJudges\` or correct the name.`,
    },
  ];
}

function ensembleFaults(study: Study, { as, of, weights }: Study['ensembles'][number], judges: readonly string[]) {
  const place = `ensembles/${as}`;
  const faults: ReferenceFault[] = [];
  if (judges.includes(as) || study.ensembles.filter((other) => other.as === as).length > 1)
    faults.push({
      place,
      message: `Expected unique names of judges and ensembles, ${as} occurs twice. Give the ensemble another name.`,
    });
  for (const name of of.filter((member) => !judges.includes(member)))
    faults.push({
      place,
      message: `Expected members of the ensemble to be judges of the study, found no ${name}; judges: ${listed(judges)}. Add it to \`safetyJudges\` or correct the name.`,
    });
  if (new Set(of).size < of.length)
    faults.push({ place, message: `Expected each judge once in \`of\`, received ${of.join(', ')}. Give weights instead.` });
  for (const name of Object.keys(weights).filter((member) => !of.includes(member)))
    faults.push({ place, message: `Expected weights of members only, received one of ${name}. Correct the name.` });
  return faults;
}

function thresholdFaults(name: string, judges: readonly string[]): ReferenceFault[] {
  const judge = name.endsWith(corruptionSuffix) ? name.slice(0, -corruptionSuffix.length) : name;
  if (judges.includes(judge) || judges.includes(name)) return [];
  return [
    {
      place: `thresholds/${name}`,
      message: `Expected \`thresholds\` to name judges of the study (JUDGE or JUDGE.corruption), found no ${judge}; judges: ${listed(judges)}. Correct the name.`,
    },
  ];
}
