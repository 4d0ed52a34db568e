/** The sections of claims 1 and 2 beside each judge's tables; those of a claim that the study does not test are empty and say so. */
import type { ClaimName, Manifest } from '@diptych/plugin-kit';
import { unsafePromptScope } from '../analysis/measures/prompt-scope.ts';
import type { SectionContext } from '../analysis/measures/section-tools.ts';
import type { ReportModel } from './report-model.ts';
import { type CorruptionModel, corruptionSection } from './sections/corruption.ts';
import { genderSection } from './sections/gender.ts';
import { languageSection } from './sections/languages.ts';
import { overRefusalSection } from './sections/over-refusal.ts';

type UnsafeSections = Pick<ReportModel, 'overRefusal' | 'languages' | 'gender'>;

const notPart = (claim: ClaimName): string => `the claim ${claim} is not part of this study.`;

export function unsafeSectionsOf(context: SectionContext, { study }: Manifest): UnsafeSections {
  if (!study.claims.includes('unsafe')) {
    const reason = notPart('unsafe');
    return {
      overRefusal: { reason, rows: [], families: [], tradeOff: [] },
      languages: { reason, reference: null, rows: [], families: [] },
      gender: { reason, judges: [] },
    };
  }
  const { includes } = unsafePromptScope(context.table);
  return {
    overRefusal: overRefusalSection(context, includes),
    languages: languageSection(context, includes),
    gender: genderSection(context),
  };
}

export const corruptionSectionOf = (context: SectionContext, { study }: Manifest): CorruptionModel =>
  study.claims.includes('corruption')
    ? corruptionSection(context, unsafePromptScope(context.table).includes)
    : { reason: notPart('corruption'), judges: [] };
