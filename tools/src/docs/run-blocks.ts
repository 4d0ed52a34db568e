/** Fenced code blocks that say they can be run, and running them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
 * repository and its programs first in PATH. Returns `file:line  what went wrong` for the first failure of each page.
 */
export function runBlocks(blocks: readonly RunnableBlock[], root: string): string[] {
  return [...new Set(blocks.map(({ file }) => file))].flatMap((file) => {
    const folder = mkdtempSync(join(tmpdir(), 'diptych-docs-'));
    try {
      // Examples import packages by name, as a reader's own project would.
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
      for (const one of blocks) {
        const failure = one.file === file ? runBlock(one, root, folder) : undefined;
        if (failure !== undefined) return [failure];
      }
      return [];
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function runBlock({ file, line, language, saveAs, code }: RunnableBlock, root: string, folder: string): string | undefined {
  const script = join(folder, saveAs ?? (language === 'ts' ? 'example.ts' : 'example.sh'));
  writeFileSync(script, code);
  if (saveAs !== undefined) return undefined;
  const [program, args] = language === 'ts' ? [process.execPath, [script]] : ['bash', ['-euo', 'pipefail', script]];
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: path, DIPTYCH_REPO: root, NO_COLOR: '1' },
    timeout: limitMs,
  });
  if (status === 0) return undefined;
  const end = status === null ? `did not end within ${limitMs / 1000} s` : `ended with ${status}`;
  return `${file}:${line}  the ${language} block ${end}\n${stdout}${stderr}`.trimEnd();
}
