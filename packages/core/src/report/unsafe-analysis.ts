/** The sections of claims 1 and 2 beside each judge's tables; those of a claim that the study does not test are empty and say so. */
import type { ClaimName, Manifest } from '@diptych/plugin-kit';
import { unsafePromptScope } from './claims/claims.ts';
import type { CorruptionSection } from './corruption-model.ts';
import { corruptionSection } from './sections/corruption.ts';
import { coverageSection } from './sections/coverage.ts';
import { genderSection } from './sections/gender.ts';
import { languageSection } from './sections/languages.ts';
import { mitigationSection } from './sections/filters.ts';
import { overRefusalSection } from './sections/over-refusal.ts';
import { promptSetSection } from './sections/prompt-sets.ts';
import type { SectionContext } from '../analysis/measures/section-tools.ts';
import type { UnsafeSections } from './unsafe-model.ts';

const notPart = (claim: ClaimName): string => `the claim ${claim} is not part of this study.`;

export function unsafeSectionsOf(context: SectionContext, { study }: Manifest): UnsafeSections {
  const coverage = coverageSection(context.table);
  if (!study.claims.includes('unsafe')) {
    const reason = notPart('unsafe');
    return {
      promptSets: { reason, rows: [] },
      overRefusal: { reason, rows: [], families: [], tradeOff: [] },
      mitigations: [],
      languages: { reason, reference: null, rows: [], families: [] },
      genders: { reason, judges: [] },
      coverage,
    };
  }
  const { includes } = unsafePromptScope(context.table);
  return {
    promptSets: promptSetSection(context),
    overRefusal: overRefusalSection(context, includes),
    mitigations: mitigationSection(context, includes),
    languages: languageSection(context, includes),
    genders: genderSection(context),
    coverage,
  };
}

export const corruptionSectionOf = (context: SectionContext, { study }: Manifest): CorruptionSection =>
  study.claims.includes('corruption')
    ? corruptionSection(context, unsafePromptScope(context.table).includes)
    : { reason: notPart('corruption'), judges: [] };
