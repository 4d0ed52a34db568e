import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DiptychError, type Study, studySchema } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { describeIssue, describeIssues } from '../text/describe-issues.ts';
import { placeInItself, yamlValue } from '../text/yaml-value.ts';

/** Far above any hand-written study; keeps a wrong path, such as an image, from being parsed. */
const maxStudyBytes = 5 * 2 ** 20;

export interface StudyFile {
  readonly study: Study;
  /** Absolute folder of the study file; relative paths in options are relative to it. */
  readonly baseFolder: string;
  /** Absolute path of the study file. */
  readonly path: string;
}

/**
 * Reads a study from YAML, JSON, or the default export of a TypeScript or JavaScript module.
 * Rejects with STUDY_NOT_FOUND or STUDY_INVALID, the latter naming file, line and member.
 */
export async function loadStudy(path: string): Promise<StudyFile> {
  const absolute = resolve(path);
  await checkFile(absolute, path);
  const isModule = /^\.[mc]?[tj]s$/.test(extname(absolute));
  const { value, locate } = isModule ? await importStudy(absolute) : await parseStudy(absolute);
  const parsed = studySchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (issue) =>
        `${path}${locate(issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path)}: ${issue.path.join('.') || 'study'}: ${describeIssue(issue, studySchema)}`,
    );
    throw invalid(
      `Expected a study that matches the schema, found ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}:\n  ${lines.join('\n  ')}`,
    );
  }
  return { study: parsed.data, baseFolder: dirname(absolute), path: absolute };
}

/** Validates a study made in code or taken from a manifest. Throws STUDY_INVALID. */
export function parseStudyValue(value: unknown, name = 'study'): Study {
  const parsed = studySchema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalid(`Expected ${name} to match the study schema: ${describeIssues(parsed.error, studySchema)}`);
}

const invalid = (message: string, cause?: unknown): DiptychError =>
  new DiptychError('STUDY_INVALID', `${message}\nCorrect the study; \`diptych init\` writes a valid example.`, { cause });

async function checkFile(absolute: string, shown: string): Promise<void> {
  const facts = await stat(absolute).catch((cause: unknown) => {
    throw new DiptychError(
      'STUDY_NOT_FOUND',
      `Expected a study file at ${shown}: ${describeError(cause)}. Check the path.`,
      { cause },
    );
  });
  if (!facts.isFile())
    throw new DiptychError('STUDY_NOT_FOUND', `Expected a study file at ${shown}, found a folder or device. Name the file.`);
  if (facts.size > maxStudyBytes) throw invalid(`${shown}: expected at most ${maxStudyBytes} bytes, got ${facts.size}.`);
}

interface ParsedFile {
  readonly value: unknown;
  /** `:line` of the member at a path, or of its nearest ancestor that the file states; empty for modules. */
  locate(path: readonly PropertyKey[]): string;
}

async function importStudy(path: string): Promise<ParsedFile> {
  let value: unknown;
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    value = module.default;
  } catch (cause) {
    throw invalid(`Expected ${path} to export a study as default, got: ${describeError(cause)}`, cause);
  }
  const place = placeInItself(value);
  if (place !== undefined)
    throw invalid(`${path}: expected plain data, got a value that holds itself at ${place.join('.')}.`);
  return { value, locate: () => '' };
}

async function parseStudy(path: string): Promise<ParsedFile> {
  const { isMap, isScalar, LineCounter, parseDocument, YAMLError } = await import('yaml'); // who gives no study does not load it
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  const lines = new LineCounter();
  // JSON is YAML 1.2, so one parser serves both and both get line numbers.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  let value: unknown;
  try {
    value = yamlValue(document);
  } catch (cause) {
    if (!(cause instanceof YAMLError)) throw invalid(`${path}: ${describeError(cause)}`, cause);
    // The place stands in front.
    const fault = cause.message.split('\n')[0]!.replace(/( at line \d+, column \d+)?:?$/, '');
    throw invalid(`${path}:${cause.linePos?.[0].line ?? 1}: ${fault}.`, cause);
  }
  return {
    value,
    locate(memberPath) {
      for (let length = memberPath.length; length > 0; length--) {
        const parent = document.getIn(memberPath.slice(0, length - 1), true);
        const key = isMap(parent)
          ? parent.items.find(({ key }) => isScalar(key) && key.value === memberPath[length - 1])
          : undefined;
        const keyRange = (key?.key as { range?: [number, number, number] } | undefined)?.range;
        if (keyRange) return `:${lines.linePos(keyRange[0]).line}`;
        const node = document.getIn(memberPath.slice(0, length), true) as { range?: [number, number, number] } | undefined;
        if (node?.range) return `:${lines.linePos(node.range[0]).line}`;
      }
      return ':1';
    },
  };
}
