/**
 * A table of the report as data. A section says once what its columns are and where their cells come from; the writers turn any
 * table into their format (see `writers/`), and the HTML report draws it.
 */
import { type Cells, type Kind, kinds, type Plain, type PlainType } from './kinds.ts';

/** `people`: formats to read, such as HTML, Markdown and LaTeX. `machines`: CSV, Parquet and JSON. Absent: both. */
export type Audience = 'people' | 'machines';

interface ColumnBase {
  /** Name of the plain columns that machines get, in snake_case; `` where the kind's suffixes stand alone. */
  readonly name: string;
  readonly title: string;
  readonly for?: Audience;
  /** People read a table of its own for each value, which its caption names. */
  readonly split?: boolean;
  /** Shown where a cell is null, instead of a dash. */
  readonly whenNull?: string;
}

export type Column = ColumnBase & { readonly kind: Kind };
/** A column with the way to its cells. */
export type ColumnOf<Row> = { [K in Kind]: ColumnBase & { readonly kind: K; of(row: Row): Cells[K] } }[Kind];
export type Cell = Cells[Kind];

export interface Table {
  /** Unique in the report, in kebab-case; gives the names of files, such as `joint.csv`. */
  readonly id: string;
  /** What the table holds, in a few words. */
  readonly title: string;
  /** How to read it: of what, in what unit, by which test. */
  readonly caption: string;
  readonly for?: Audience;
  readonly columns: readonly Column[];
  /** As many cells as columns. */
  readonly rows: readonly (readonly Cell[])[];
  readonly footnotes: readonly string[];
}

export interface TableSpec<Row> extends Pick<Table, 'id' | 'title' | 'caption' | 'for'> {
  readonly rows: readonly Row[];
  readonly columns: readonly ColumnOf<Row>[];
  readonly footnotes?: readonly string[];
}

function withoutWay<Row>(column: ColumnOf<Row>): Column {
  const { of: _of, ...rest } = column;
  return rest;
}

/** The table of `rows`, with the cells that each column takes of them. */
export function tableOf<Row>({ rows, columns, footnotes = [], ...rest }: TableSpec<Row>): Table {
  return {
    ...rest,
    columns: columns.map(withoutWay),
    rows: rows.map((row) => columns.map((column) => column.of(row))),
    footnotes,
  };
}

/** Whom a row is about; machines get the family among the columns of the group. */
export const groupColumns = <Row extends Cells['group']>(): ColumnOf<Row>[] => [
  { kind: 'group', name: 'group', title: 'Group', of: (row) => row },
  { kind: 'family', name: 'family', title: 'Family', for: 'people', of: (row) => row.family },
];

/** A cell in one line of text, for people. */
export function textOf({ kind, whenNull = '–' }: Column, cell: Cell): string {
  return cell === null ? whenNull : (kinds[kind].show as (cell: Cell) => string)(cell);
}

export interface PlainColumn {
  readonly name: string;
  readonly type: PlainType;
}

/** The columns of a table as machines get them. The group's own columns carry no prefix: a row is about one group. */
export const plainColumns = ({ columns }: Table): PlainColumn[] =>
  columns.filter(isFor('machines')).flatMap(({ kind, name }) =>
    kinds[kind].plain.map(([suffix, type]) => ({
      name: [kind === 'group' && suffix !== '' ? '' : name, suffix].filter((part) => part !== '').join('_'),
      type,
    })),
  );

/** The values of those columns, row by row. */
export const plainRows = ({ columns, rows }: Table): Plain[][] =>
  rows.map((row) =>
    columns.flatMap((column, at) =>
      isFor('machines')(column) ? [...(kinds[column.kind].values as (cell: Cell) => readonly Plain[])(row[at]!)] : [],
    ),
  );

export const isFor =
  (audience: Audience) =>
  (item: { readonly for?: Audience }): boolean =>
    item.for === undefined || item.for === audience;

/** The tables that people read: without the columns of machines, one for each value of columns that split. */
export function forPeople(table: Table): Table[] {
  const shown = table.columns.map((column, at) => ({ column, at })).filter(({ column }) => isFor('people')(column));
  const kept = shown.filter(({ column }) => !column.split);
  const parts = new Map<string, Table['rows'][number][]>();
  for (const row of table.rows) {
    const values = shown
      .filter(({ column }) => column.split)
      .map(({ column, at }) => `${column.title} ${textOf(column, row[at]!)}`);
    parts.set(values.join(', '), [...(parts.get(values.join(', ')) ?? []), row]);
  }
  return [...parts].map(([part, rows]) => ({
    ...table,
    title: part === '' ? table.title : `${table.title}: ${part}`,
    columns: kept.map(({ column }) => column),
    rows: rows.map((row) => kept.map(({ at }) => row[at]!)),
  }));
}
