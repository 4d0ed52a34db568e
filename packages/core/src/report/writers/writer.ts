/** What a writer of a format gets, and what it gives. A new format is one file here and a line in `writers.ts`. */
import type { ReportModel } from '../report-model.ts';
import type { ShownSection } from '../section.ts';
import type { Table } from '../table.ts';

export interface ReportData {
  readonly model: ReportModel;
  readonly sections: readonly ShownSection[];
}

/** File name, relative to the report's folder, to content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;
export type Writer = (data: ReportData) => Files;

export const tablesOf = ({ sections }: ReportData): Table[] => sections.flatMap(({ tables }) => tables);

/** One file for each table that machines read. */
export const filePerTable = <Content extends string | Uint8Array>(
  data: ReportData,
  nameOf: (id: string) => string,
  contentOf: (table: Table) => Content,
): Record<string, Content> =>
  Object.fromEntries(
    tablesOf(data)
      .filter((table) => table.for !== 'people')
      .map((table) => [nameOf(table.id), contentOf(table)]),
  );
