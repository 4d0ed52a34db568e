/** Cards as files: YAML, checked, with their paths made those of the study. */
import { dirname, relative, resolve } from 'node:path';
import { type Card, checkCard, DiptychError, type PluginKind } from '@diptych/plugin-kit';
import { parseDocument } from 'yaml';
import { describeError } from '../text/describe-error.ts';
import { yamlValue } from '../text/yaml-value.ts';

/** Far above any card; aliases that expand without end are refused by the parser. Arbitrary. */
const maxCardBytes = 2 ** 20;

export interface CardPlace {
  readonly kind: PluginKind;
  /** As the study names it, for errors. */
  readonly use: string;
  readonly file: string;
  /** Folder of the study. */
  readonly baseFolder: string;
}

/** A card uses a plugin, never another card: what a run did would otherwise hang on a chain of files. */
export function readCard(source: Buffer, place: CardPlace): Card {
  const { kind, use } = place;
  const card = checkCard(parseCard(use, source), use);
  if (card.kind !== kind || /\.ya?ml$/.test(card.use)) {
    throw new DiptychError(
      'PLUGIN_INVALID',
      `Expected ${use} to be the card of a ${kind} that uses a plugin, got one of a ${card.kind} that uses ${card.use}. Correct the card, or its place in the study.`,
    );
  }
  return { ...card, options: withPaths(card.options, place) as Card['options'] };
}

function parseCard(use: string, source: Buffer): unknown {
  if (source.length > maxCardBytes) {
    throw new DiptychError(
      'PLUGIN_INVALID',
      `Expected a card of at most ${maxCardBytes} bytes at ${use}, got ${source.length}. Name the card itself.`,
    );
  }
  try {
    return yamlValue(parseDocument(source.toString('utf8')));
  } catch (cause) {
    throw new DiptychError('PLUGIN_INVALID', `Expected ${use} to be YAML: ${describeError(cause)}. Correct the file.`, {
      cause,
    });
  }
}

/** Paths that start with `./` or `../` are the card's: a network lies beside its card, wherever the study is. */
function withPaths(value: unknown, { file, baseFolder }: Pick<CardPlace, 'file' | 'baseFolder'>): unknown {
  const visit = (inner: unknown): unknown => {
    if (typeof inner === 'string')
      return /^\.{1,2}\//.test(inner) ? relative(baseFolder, resolve(dirname(file), inner)) : inner;
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, each]) => [key, visit(each)]));
  };
  return visit(value);
}
