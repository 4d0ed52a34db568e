/** Rules on whole files: length, a test beside each plugin and each slow test, text that must not be committed. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listPlugins } from '../generate/plugin-files.ts';
import { isSlow, slowEnding } from '../test/tiers.ts';
import type { Problem } from './problem.ts';

/** Budgets in lines, most specific first. docs/decisions says why they are hard limits. */
const budgets: readonly { readonly files: RegExp; readonly lines: number }[] = [
  { files: /^packages\/plugins\/src\/(?!shared\/)[^/]+\/.+(?<!\.test)\.ts$/, lines: 250 },
  { files: /\.wgsl$/, lines: 300 },
  { files: /\.(?:ts|tsx|mjs)$/, lines: 400 },
  { files: /\.py$/, lines: 400 },
  { files: /\.rs$/, lines: 500 },
  { files: /\.md$/, lines: 400 },
];

/** A generated page names its generator in the first lines; a stored report is what `diptych report` wrote. */
const isGenerated = (file: string, text: string): boolean =>
  /\.gen\./.test(file) ||
  /^docs\/results\/[^/]+\/report\.md$/.test(file) ||
  (file.endsWith('.md') && /(?:Generated|Written) by /.test(text.split('\n', 20).join('\n')));

export function checkFileLengths(root: string, files: readonly string[]): Problem[] {
  return files.flatMap((file) => {
    const budget = budgets.find((candidate) => candidate.files.test(file));
    if (budget === undefined) return [];
    const text = readFileSync(join(root, file), 'utf8');
    const lines = countLines(text, file);
    if (lines <= budget.lines || isGenerated(file, text)) return [];
    return [{ rule: 'file-length', file, message: `${lines} lines, the budget is ${budget.lines}. Split it by subject.` }];
  });
}

/** A Rust file's unit tests stand at its end and are not counted. */
function countLines(text: string, file: string): number {
  const counted = file.endsWith('.rs') ? text.split(/^#\[cfg\(test\)\]/m)[0]! : text;
  return counted.trimEnd().split('\n').length;
}

export function checkPluginTests(root: string, files: readonly string[]): Problem[] {
  const known = new Set(files);
  return listPlugins(root).flatMap(({ file }) => {
    const isFolder = file.endsWith('/index.ts');
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    const isTested = isFolder
      ? files.some((other) => other.startsWith(folder) && other.endsWith('.test.ts'))
      : known.has(file.replace(/\.ts$/, '.test.ts'));
    if (isTested) return [];
    return [{ rule: 'plugin-test', file, message: 'has no test file beside it. Add one that calls the conformance suite.' }];
  });
}

/** Every slow file has a quick one of the same name, so that no subject goes untested in `npm test`. */
export const checkSlowTests = (files: readonly string[]): Problem[] => {
  const known = new Set(files);
  return files
    .filter((file) => isSlow(file) && !known.has(file.replace(slowEnding, '.test.ts')))
    .map((file) => ({
      rule: 'slow-test',
      file,
      message: `has no ${basename(file).replace(slowEnding, '.test.ts')} beside it. Put a representative case there.`,
    }));
};

// Assembled from parts, so that this file does not contain what it looks for.
const host = (...parts: string[]): string => parts.join('\\.');
const forbidden: readonly { readonly rule: string; readonly pattern: RegExp; readonly cure: string }[] = [
  {
    rule: 'registry-host',
    pattern: new RegExp(
      [
        host('registry', '(?:npmjs|yarnpkg)', '(?:org|com)'),
        host('(?:files', 'pythonhosted|pypi)', 'org'),
        host('(?:index|static)', 'crates', 'io'),
        host('(?:deb|security)', 'debian', 'org'),
      ].join('|'),
    ),
    cure: 'Use the ordinary client, so that mirrors keep working.',
  },
  { rule: 'machine-path', pattern: new RegExp(`(?<![\\w.:/-])/${'work'}/`), cure: 'Name paths relative to the repository.' },
];

const isText = (bytes: Buffer): boolean => !bytes.subarray(0, 8192).includes(0);

export function checkForbiddenText(root: string, files: readonly string[]): Problem[] {
  return files.flatMap((file) => {
    const path = join(root, file);
    if (!statSync(path).isFile()) return [];
    const bytes = readFileSync(path);
    if (!isText(bytes)) return [];
    const text = bytes.toString('utf8');
    return forbidden.flatMap(({ rule, pattern, cure }) => {
      const match = pattern.exec(text);
      if (match === null) return [];
      const line = text.slice(0, match.index).split('\n').length;
      return [{ rule, file, line, message: `contains ${match[0]}. ${cure}` }];
    });
  });
}
