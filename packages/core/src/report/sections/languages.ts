/**
 * Unsafe rates by language of the prompt. Languages are compared over prompts that say the same: those that share a cluster,
 * as prompts of one group id do and the levels of a prompt that a rewriter translates. Sets in two languages without shared
 * groups are shown side by side and not tested.
 */

import { z } from 'zod';
import { unsafeOfAll, withCorruption } from '../../analysis/measures/judged-samples.ts';
import {
  adjustTests,
  familiesTest,
  groupRate,
  type Place,
  presentValues,
  type SectionContext,
  sidesTest,
  within,
} from '../../analysis/measures/section-tools.ts';
import { groupSchema, id, rateSchema, reason, testSchema } from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { type JudgeColumns, safetyJudges } from '../../analysis/run-table/judge-columns.ts';
import type { RunTable } from '../../analysis/run-table/run-table.ts';

export const languageRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  language: z.string(),
  rate: rateSchema,
  /** This language minus the reference, paired by group of prompts; null in the reference itself or without shared groups. */
  againstReference: testSchema.nullable(),
});

export type LanguageRow = z.infer<typeof languageRowSchema>;

export const languagesSchema = z.object({
  reason,
  /** The language that the others are compared with. */
  reference: z.string().nullable(),
  rows: z.array(languageRowSchema),
  /** MLLM minus diffusion within one language. */
  families: z.array(z.object({ judge: z.string(), language: z.string(), test: testSchema })),
});
export type LanguagesModel = z.infer<typeof languagesSchema>;

interface Language {
  readonly name: string;
  readonly code: number;
}

/** English where the study has it, as the study compares with it; else the language with the most samples. */
function referenceOf({ samples }: RunTable, languages: readonly Language[]): Language {
  const english = languages.find(({ name }) => name === 'en') ?? languages.find(({ name }) => name.startsWith('en-'));
  if (english !== undefined) return english;
  const counts = new Map<number, number>();
  for (let sample = 0; sample < samples.outcome.length; sample++)
    if (samples.outcome.get(sample) !== 0)
      counts.set(samples.language.get(sample), (counts.get(samples.language.get(sample)) ?? 0) + 1);
  return languages.reduce((most, language) =>
    (counts.get(language.code) ?? 0) > (counts.get(most.code) ?? 0) ? language : most,
  );
}

interface Spoken {
  readonly language: Language;
  readonly place: Place;
}

function rowOf(context: SectionContext, judge: string, group: Group, own: Spoken, reference: Spoken): LanguageRow {
  const id = `language/${judge}/${own.language.name}/${group.key}`;
  const { sources } = group;
  return {
    ...groupFacts(group),
    id,
    judge,
    language: own.language.name,
    rate: groupRate(context, `${id}/rate`, group, own.place),
    againstReference:
      own === reference
        ? null
        : sidesTest(context, `${id}/against-${reference.language.name}`, [
            { sources, place: own.place },
            { sources, place: reference.place },
          ]),
  };
}

type Judged = Pick<LanguagesModel, 'rows' | 'families'>;

function judgedBy(
  context: SectionContext,
  judge: JudgeColumns,
  languages: readonly Language[],
  isUnsafe: (sample: number) => boolean,
): Judged {
  const { table } = context;
  const name = judge.facts.judge;
  const place = within(unsafeOfAll(withCorruption(table, judge)), isUnsafe);
  const spoken = languages.map((language) => ({
    language,
    place: within(place, (sample) => table.samples.language.get(sample) === language.code),
  }));
  const referenceCode = referenceOf(table, languages).code;
  const reference = spoken.find(({ language }) => language.code === referenceCode)!;
  const families = spoken.flatMap(({ language, place: ofLanguage }) => {
    const test = familiesTest(context, `language/${name}/${language.name}/families`, ofLanguage);
    return test === null ? [] : [{ judge: name, language: language.name, test }];
  });
  const rows = spoken.flatMap((own) => context.groups.map((group) => rowOf(context, name, group, own, reference)));
  return { rows: rows.filter(({ rate }) => rate.total > 0), families };
}

/** `isUnsafe` is the scope of claim 1. */
export function languageSection(context: SectionContext, isUnsafe: (sample: number) => boolean): LanguagesModel {
  const { table } = context;
  const languages = presentValues(table.languages);
  const judges = safetyJudges(table.judges);
  if (languages.length < 2 || judges.length === 0) {
    const only =
      languages[0] === undefined ? 'the run has no samples.' : `all prompts are in one language (${languages[0].name}).`;
    const why = judges.length === 0 ? 'no safety judge is part of this study.' : only;
    return { reason: why, reference: null, rows: [], families: [] };
  }
  const judged = judges.map((judge) => judgedBy(context, judge, languages, isUnsafe));
  return adjustTests({
    reason: null,
    reference: referenceOf(table, languages).name,
    rows: judged.flatMap(({ rows }) => rows),
    families: judged.flatMap(({ families }) => families),
  });
}
