/** Fenced code blocks that say they can be run, and running them. */
import { type ExecFileException, type ExecFileOptions, execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export interface RunnableBlock {
  readonly file: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** Present: the block is not run but written to a file of this name, for later blocks to use. */
  readonly saveAs?: string;
  readonly code: string;
}

/** Documented commands are the quick ones; a slower one belongs into a test with its own limit. */
const limitMs = 5 * 60_000;

/** ```bash run, ```ts run, and ```yaml file=study.yaml in any language; indented where they belong to a list. */
const block = /^( *)```(?:(bash|ts) run|([a-z]+) file=([a-z0-9][a-z0-9.-]*))[ \t]*\n([\s\S]*?)^\1```[ \t]*$/gm;

export function findRunnableBlocks(root: string, files: readonly string[]): RunnableBlock[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(block)].map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length,
      language: match[2] ?? match[3]!,
      ...(match[4] === undefined ? {} : { saveAs: match[4] }),
      code: match[5]!.replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
    }));
  });
}

/**
 * Runs the blocks of each page in their order in one folder, as a reader would, with `DIPTYCH_REPO` naming the
 * repository and its programs first in PATH; as many pages at once as there are cores. Returns `file:line  what went wrong`
 * for the first failure of each page.
 */
export async function runBlocks(blocks: readonly RunnableBlock[], root: string): Promise<string[]> {
  const pages = [...Map.groupBy(blocks, ({ file }) => file).values()];
  const failures = new Map<string, string>();
  // Long pages first, so that none is left for the end alone.
  const waiting = pages.toSorted((a, b) => b.length - a.length);
  const work = async (): Promise<void> => {
    for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) {
      const failure = await runPage(page, root);
      if (failure !== undefined) failures.set(page[0]!.file, failure);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return pages.flatMap(([first]) => failures.get(first!.file) ?? []);
}

async function runPage(blocks: readonly RunnableBlock[], root: string): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-docs-'));
  try {
    // Examples import packages by name, as a reader's own project would.
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    for (const block of blocks) {
      const failure = await runBlock(block, root, folder);
      if (failure !== undefined) return failure;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runBlock(
  { file, line, language, saveAs, code }: RunnableBlock,
  root: string,
  folder: string,
): Promise<string | undefined> {
  const script = join(folder, saveAs ?? (language === 'ts' ? 'example.ts' : 'example.sh'));
  writeFileSync(script, code);
  if (saveAs !== undefined) return undefined;
  const [program, args] = language === 'ts' ? [process.execPath, [script]] : ['bash', ['-euo', 'pipefail', script]];
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const environment = { ...process.env, PATH: path, DIPTYCH_REPO: root, NO_COLOR: '1' };
  const { error, output } = await finished(program, args, { cwd: folder, env: environment, timeout: limitMs });
  if (error === null) return undefined;
  const end = error.killed ? `did not end within ${limitMs / 1000} s` : `ended with ${error.code ?? error.signal}`;
  return `${file}:${line}  the ${language} block ${end}\n${output}`.trimEnd();
}

type Ended = { readonly error: ExecFileException | null; readonly output: string };

const finished = (program: string, args: readonly string[], options: ExecFileOptions): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(program, args, { ...options, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ error, output: stdout + stderr }),
    );
    child.stdin?.end();
  });
