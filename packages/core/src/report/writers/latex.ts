/**
 * Tables as LaTeX: one file a table to `\input` into a paper, and `tables.tex`, which shows them all. They need `booktabs` and
 * `longtable`; everything that a run brings in, such as names of models, is escaped, so any stock TeX compiles them.
 */
import { forPeople, type Table, textOf } from '../table.ts';
import { type Files, tablesOf, type Writer } from './writer.ts';

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  _: '\\_',
  '%': '\\%',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  "'": '\\textquotesingle{}',
  '`': '\\textasciigrave{}',
  '−': '$-$',
  '–': '--',
  '—': '---',
  '’': "'",
  '‘': '`',
  '“': '``',
  '”': "''",
  '…': '\\dots{}',
  '≤': '$\\leq$',
  '≥': '$\\geq$',
  '×': '$\\times$',
};

/** Characters of no stock font are given by their number, since pdfTeX stops at them. */
const characterOf = (character: string): string =>
  escapes[character] ??
  (/^[\t\n\x20-\x7e]$/.test(character) || /^[\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{ff}]$/u.test(character)
    ? character
    : `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

/** Two hyphens would become a dash. */
export const latexText = (text: string): string =>
  Array.from(text.replace(/\s+/g, ' '))
    .map((character, at, all) => (character === '-' && all[at + 1] === '-' ? '-{}' : characterOf(character)))
    .join('');

const textKinds: ReadonlySet<string> = new Set(['text', 'group', 'family', 'flag', 'list']);
const row = (cells: readonly string[]): string => `${cells.map(latexText).join(' & ')} \\\\`;

function longtable({ id, title, caption, columns, rows, footnotes }: Table, part: number): string {
  const label = part === 0 ? id : `${id}-${part + 1}`;
  return [
    `\\begin{longtable}{@{}${columns.map(({ kind }) => (textKinds.has(kind) ? 'l' : 'r')).join('')}@{}}`,
    `\\caption{${latexText(`${title}. ${caption}`)}}\\label{tab:${label}}\\\\`,
    '\\toprule',
    row(columns.map((column) => column.title)),
    '\\midrule',
    '\\endhead',
    ...rows.map((cells) => row(columns.map((column, at) => textOf(column, cells[at]!)))),
    '\\bottomrule',
    '\\end{longtable}',
    ...footnotes.map((note) => `\\noindent ${latexText(note)}`),
  ].join('\n');
}

export const tableLatex = (table: Table): string => `${forPeople(table).map(longtable).join('\n\n')}\n`;

const documentOf = (title: string, ids: readonly string[]): string =>
  [
    '\\documentclass{article}',
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage{textcomp,booktabs,longtable}',
    '\\usepackage[a3paper,landscape,margin=15mm]{geometry}',
    '\\begin{document}',
    `\\section*{${latexText(title)}}`,
    '\\footnotesize',
    ...ids.map((id) => `\\input{${id}}`),
    '\\end{document}',
    '',
  ].join('\n');

export const latexWriter: Writer = (data): Files => {
  const tables = tablesOf(data).filter((table) => table.for !== 'machines' && table.rows.length > 0);
  const files = tables.map((table) => [`latex/${table.id}.tex`, tableLatex(table)] as const);
  const ids = tables.map(({ id }) => id);
  return { ...Object.fromEntries(files), 'latex/tables.tex': documentOf(data.model.manifest.study.name, ids) };
};
