/** Every prompt set, judge, detector, generator and other plugin of the run as a BibTeX entry, with its reference. */
import type { Manifest } from '@diptych/plugin-kit';
import { latexText } from './latex.ts';
import type { Writer } from './writer.ts';

type Plugin = Manifest['plugins'][number];

const escapeUrl = (url: string): string => url.replace(/[{}\\\s]/g, (character) => encodeURIComponent(character));
/** Identifier of a paper on arXiv, from its address. */
const arxivOf = (url: string): string | undefined => /arxiv\.org\/(?:abs|pdf)\/(\d{4}\.\d{4,5})/.exec(url)?.[1];
const keyOf = ({ kind, as }: Plugin): string => `${kind}-${as}`.replace(/[^A-Za-z0-9:-]+/g, '-');

/** What runs and merged shards know of a model: its name and revision, where the plugin states them. */
const modelOf = ({ facts, options }: Plugin): string[] =>
  [options['model'], facts?.['model'], facts?.['revision']].flatMap((value) => (typeof value === 'string' ? [value] : []));

function entryOf(plugin: Plugin): string {
  const { kind, name, packageVersion, reference, weights, licence } = plugin;
  const arxiv = reference === undefined ? undefined : arxivOf(reference);
  const models = [...new Set(modelOf(plugin))];
  const notes = [
    `${kind} of this run, plugin version ${packageVersion}`,
    ...(models.length > 0 ? [`model ${models.join(', ')}`] : []),
    ...weights.map((file) => `weights ${file.name} (SHA-256 ${file.sha256}, licence ${file.licence})`),
    ...(licence ? [`licence ${licence.id}`] : []),
    ...(reference === undefined ? ['the run records no reference'] : []),
  ];
  const fields = {
    title: `{${latexText(plugin.as === name ? name : `${plugin.as} (${name})`)}}`,
    ...(arxiv ? { eprint: arxiv, archivePrefix: 'arXiv' } : {}),
    ...(reference === undefined ? {} : { howpublished: `\\url{${escapeUrl(reference)}}` }),
    note: latexText(notes.join('; ')),
  };
  return `@misc{${keyOf(plugin)},\n${Object.entries(fields)
    .map(([field, text]) => `  ${field} = {${text}}`)
    .join(',\n')}\n}\n`;
}

export const bibtexWriter: Writer = ({ model: { manifest, diptych } }) => {
  const own = `@misc{diptych,\n  title = {{Diptych}},\n  note = {version ${latexText(diptych)}, run ${latexText(manifest.id)}}\n}\n`;
  return { 'references.bib': [own, ...manifest.plugins.map(entryOf)].join('\n') };
};
