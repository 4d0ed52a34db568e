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

// Strings stand as '#n', so that code inside a string is never taken for code.
const statement = /\b(?:import|export)\s+(type\s+(?!from\b|,))?(?:[\w$*\s{},]+?\s*from\s*)?'#(\d+)'/g;
const call = /(?<![.\w])(?:import|require|require\.resolve)\s*\(\s*'#(\d+)'/g;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** In order of appearance, static imports before calls. */
export function scanImports(source: string): Import[] {
  const strings: string[] = [];
  const code = source.replace(lexeme, (text, string: string | undefined) =>
    string === undefined ? blank(text) : `'#${strings.push(string.slice(1, -1)) - 1}'`,
  );
  const describe = (match: RegExpExecArray, string: string, isType: boolean): Import => ({
    specifier: strings[Number(string)]!,
    isType,
    line: code.slice(0, match.index).split('\n').length,
  });
  const statements = [...code.matchAll(statement)].map((match) => describe(match, match[2]!, match[1] !== undefined));
  const calls = [...code.matchAll(call)].map((match) => describe(match, match[1]!, false));
  return [...statements, ...calls];
}

/** `@scope/name/path` → `@scope/name`, `name/path` → `name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
