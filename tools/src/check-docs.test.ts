import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { anchorOf, checkLinks, checkRecipes } from './docs/check-links.ts';
import { findRunnableBlocks, runBlocks } from './docs/run-blocks.ts';
import { repositoryRoot } from './repository.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function writeDocs(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'diptych-docs-test-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('links', () => {
  it('may lead to files, folders, headings and the network', () => {
    const root = writeDocs({
      'README.md': '# Top\n[a](docs/a.md) [b](docs) [c](#top) [d](https://example.org/x) [e](docs/a.md#what-is-new-x)',
      'docs/a.md': '## What is new, `x`?\n[up](../README.md)\n```md\n[not a link](nowhere.md)\n```\n',
    });
    expect(checkLinks(root, ['README.md', 'docs/a.md'])).toEqual([]);
  });

  it('are reported with their line when the file or heading is gone, or when they leave the repository', () => {
    const root = writeDocs({ 'docs/a.md': '# A\n[x](b.md)\n[y](#b)\n[z](../../etc.md)' });
    expect(checkLinks(root, ['docs/a.md'])).toEqual([
      'docs/a.md:2  link b.md leads nowhere: docs/b.md does not exist',
      'docs/a.md:3  link #b: docs/a.md has no such heading',
      'docs/a.md:4  link ../../etc.md leaves the repository',
    ]);
  });

  it('find headings under the anchors that GitHub gives them', () => {
    expect(anchorOf('Add an op: step 1 (of 2)')).toBe('add-an-op-step-1-of-2');
  });
});

it('reports a recipe that AGENTS.md does not link', () => {
  const root = writeDocs({ 'AGENTS.md': '[a](docs/recipes/a.md)' });
  const found = checkRecipes(root, ['docs/recipes/a.md', 'docs/recipes/b.md', 'docs/c.md']);
  expect(found).toEqual(['docs/recipes/b.md  is not linked from AGENTS.md. Add it to the table of recipes.']);
});

describe('code blocks', () => {
  it('are run only where they are marked', () => {
    const text = '```bash\nexit 1\n```\n\n```bash run\ntrue\n```\n- a\n  ```ts run\n  if (true)\n    f();\n  ```\n';
    const blocks = findRunnableBlocks(writeDocs({ 'README.md': text }), ['README.md']);
    expect(blocks.map(({ line, language, code }) => [line, language, code])).toEqual([
      [5, 'bash', 'true\n'],
      [9, 'ts', 'if (true)\n  f();\n'],
    ]);
  });

  const bash = (code: string, line = 3, file = 'README.md') => ({ file, line, language: 'bash', code });

  it('see the repository and import its packages by name', async () => {
    const code = "import { errorTable } from '@diptych/plugin-kit';\nif (!errorTable.USAGE) throw new Error('empty');\n";
    const blocks = [bash('test -f "$DIPTYCH_REPO/package.json"\n'), { ...bash(code, 9), language: 'ts' }];
    expect(await runBlocks(blocks, repositoryRoot)).toEqual([]);
  });

  it('of one page share a folder and its files, those of two pages do not', async () => {
    const text = '```yaml file=study.yaml\nname: a\n```\n```bash run\ngrep -q a study.yaml\n```\n';
    const root = writeDocs({ 'docs/a.md': text, 'docs/b.md': '```bash run\ntest ! -e study.yaml\n```\n' });
    const blocks = findRunnableBlocks(root, ['docs/a.md', 'docs/b.md']);
    expect(blocks.map(({ file, line, saveAs }) => [file, line, saveAs])).toEqual([
      ['docs/a.md', 1, 'study.yaml'],
      ['docs/a.md', 4, undefined],
      ['docs/b.md', 1, undefined],
    ]);
    expect(await runBlocks(blocks, repositoryRoot)).toEqual([]);
  });

  it('fail with file and line when any command in them fails, once a page', async () => {
    const blocks = [bash('echo before\nfalse\ntrue\n'), bash('false\n', 9), bash('exit 3\n', 1, 'docs/a.md')];
    expect(await runBlocks(blocks, repositoryRoot)).toEqual([
      'README.md:3  the bash block ended with 1\nbefore',
      'docs/a.md:1  the bash block ended with 3',
    ]);
  });
});
