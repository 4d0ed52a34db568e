import type { PluginUse, Study } from '@diptych/plugin-kit';

export interface ScorerOptions {
  readonly study: Study;
  readonly safetyJudges?: readonly PluginUse[];
  readonly detectors?: readonly PluginUse[];
}

/** A study reduced to judges and detectors, to load them without generators and prompts. */
export function studyOfScorers({ study, safetyJudges = [], detectors = [] }: ScorerOptions): Study {
  const { rewriter: _rewriter, ...rest } = study;
  return {
    ...rest,
    levels: [0],
    promptSets: [],
    promptRaters: [],
    generators: [],
    authenticSets: [],
    safetyJudges: [...safetyJudges],
    // They speak of the whole study's judges, most of which are not loaded here.
    mitigations: [],
    ensembles: [],
    thresholds: {},
    detectors: [...detectors],
  };
}
