/** The sections of claims 1 and 2 beside each judge's tables; those of a claim that the study does not test are empty and say so. */
import type { ClaimName, Manifest } from '@diptych/plugin-kit';
import { unsafePromptScope } from '../analysis/measures/prompt-scope.ts';
import type { SectionContext } from '../analysis/measures/section-tools.ts';
import type { ReportModel } from './report-model.ts';
import { type CorruptionModel, corruptionSection } from './sections/corruption.ts';
import { coverageSection } from './sections/coverage.ts';
import { filterSection } from './sections/filters.ts';
import { genderSection } from './sections/gender.ts';
import { languageSection } from './sections/languages.ts';
import { overRefusalSection } from './sections/over-refusal.ts';
import { promptSetSection } from './sections/prompt-sets.ts';

type UnsafeSections = Pick<ReportModel, 'promptSets' | 'overRefusal' | 'filters' | 'languages' | 'gender' | 'coverage'>;

const notPart = (claim: ClaimName): string => `the claim ${claim} is not part of this study.`;

export function unsafeSectionsOf(context: SectionContext, { study }: Manifest): UnsafeSections {
  const coverage = coverageSection(context.table);
  if (!study.claims.includes('unsafe')) {
    const reason = notPart('unsafe');
    return {
      promptSets: { reason, rows: [] },
      overRefusal: { reason, rows: [], families: [], tradeOff: [] },
      filters: [],
      languages: { reason, reference: null, rows: [], families: [] },
      gender: { reason, judges: [] },
      coverage,
    };
  }
  const { includes } = unsafePromptScope(context.table);
  return {
    promptSets: promptSetSection(context),
    overRefusal: overRefusalSection(context, includes),
    filters: filterSection(context, includes),
    languages: languageSection(context, includes),
    gender: genderSection(context),
    coverage,
  };
}

export const corruptionSectionOf = (context: SectionContext, { study }: Manifest): CorruptionModel =>
  study.claims.includes('corruption')
    ? corruptionSection(context, unsafePromptScope(context.table).includes)
    : { reason: notPart('corruption'), judges: [] };
