/** All sections in the order of the report. A new section is its file and one line here. */
import type { z } from 'zod';
import type { ReportContext, Section, ShownSection } from './section.ts';
import { cost } from './sections/cost.ts';
import { coverage } from './sections/coverage.ts';
import { filters } from './sections/filters.ts';
import { joint } from './sections/joint.ts';
import { promptSets } from './sections/prompt-sets.ts';

export const sections = [cost, promptSets, filters, coverage, joint] as const;

type AnySection = (typeof sections)[number];
type Schemas = { [S in AnySection as S['id']]: S['schema'] };
export type SectionModels = { [Id in keyof Schemas]: z.output<Schemas[Id]> };

const fromEntries = <T>(entries: readonly (readonly [string, unknown])[]): T => Object.fromEntries(entries) as T;

export const sectionSchemas = fromEntries<Schemas>(sections.map(({ id, schema }) => [id, schema]));

export const buildSections = (context: ReportContext): SectionModels =>
  fromEntries(sections.map((section) => [section.id, section.build(context)]));

/** Text and tables of each section, in order. */
export const showSections = (model: SectionModels): ShownSection[] =>
  sections.map((section: Section) => section.show(model[section.id as keyof SectionModels]));
