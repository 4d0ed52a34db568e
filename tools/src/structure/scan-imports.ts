/**
 * Finds the import specifiers of a TypeScript file. TypeScript 7 has no JavaScript API, and a full parser would be
 * a dependency for one question, so this blanks out comments, templates and regular expressions and matches the rest.
 */
export interface Import {
  readonly specifier: string;
  /** `import type` and `export type`: gone at run time. */
  readonly isType: boolean;
  readonly line: number;
}

const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source;
const template = /`(?:\\[\s\S]|[^`\\])*`/.source;
const quoted = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/.source;
const regularExpression = /(?<=[=(,:;!&|?{}[\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/.source;
const lexeme = new RegExp(`${comment}|${template}|(${quoted})|${regularExpression}`, 'g');

const statement = /\b(?:import|export)\s+(type\s+(?!from\b|,))?(?:[\w$*\s{},]+?\s*from\s*)?(['"])([^'"\n]+)\2/g;
const call = /\b(?:import|require|require\.resolve)\s*\(\s*(['"])([^'"\n]+)\1/g;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** In order of appearance, static imports before calls. */
export function scanImports(source: string): Import[] {
  const code = source.replace(lexeme, (text, string: string | undefined) => string ?? blank(text));
  const lineAt = (index: number): number => code.slice(0, index).split('\n').length;
  const statements = [...code.matchAll(statement)].map((match) => ({
    specifier: match[3]!,
    isType: match[1] !== undefined,
    line: lineAt(match.index),
  }));
  const calls = [...code.matchAll(call)].map((match) => ({
    specifier: match[2]!,
    isType: false,
    line: lineAt(match.index),
  }));
  return [...statements, ...calls];
}

/** `@scope/name/path` → `@scope/name`, `name/path` → `name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
