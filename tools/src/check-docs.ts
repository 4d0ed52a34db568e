/**
 * Checks the documentation: relative links lead somewhere, every recipe is in AGENTS.md, and code blocks marked
 * `run` (```bash run, ```ts run) do run. `node tools/src/check-docs.ts`.
 */

import { checkLinks, checkRecipes } from './docs/check-links.ts';
import { findRunnableBlocks, runBlock } from './docs/run-blocks.ts';
import { listRepositoryFiles, repositoryRoot } from './repository.ts';

const isChecked = (path: string): boolean => /^(?:[^/]+|docs\/.+|(?:packages|apps)\/.+|tools\/.+)\.md$/.test(path);
const mayRun = (path: string): boolean => path === 'README.md' || path.startsWith('docs/');

const files = listRepositoryFiles(repositoryRoot).filter(isChecked);
const problems = [...checkLinks(repositoryRoot, files), ...checkRecipes(repositoryRoot, files)];
const blocks = findRunnableBlocks(repositoryRoot, files.filter(mayRun));
for (const block of blocks) {
  const failure = runBlock(block, repositoryRoot);
  if (failure !== undefined) problems.push(failure);
}
for (const problem of problems) console.log(problem);
console.log(`docs: ${files.length} files, ${blocks.length} blocks run, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
