/**
 * Checks the documentation: relative links lead somewhere, every recipe is in AGENTS.md, and code blocks marked
 * `run` (```bash run, ```ts run) do run; ```ts file=NAME writes a file for them. `node tools/src/check-docs.ts [PAGE…]`.
 */

import { checkLinks, checkRecipes } from './docs/check-links.ts';
import { findRunnableBlocks, runBlocks } from './docs/run-blocks.ts';
import { listRepositoryFiles, repositoryRoot } from './repository.ts';

const isChecked = (path: string): boolean => /^(?:[^/]+|docs\/.+|(?:packages|apps)\/.+|tools\/.+)\.md$/.test(path);
const mayRun = (path: string): boolean => path === 'README.md' || path.startsWith('docs/');

const files = listRepositoryFiles(repositoryRoot).filter(isChecked);
const problems = [...checkLinks(repositoryRoot, files), ...checkRecipes(repositoryRoot, files)];
const only = process.argv.slice(2);
const pages = files.filter((path) => mayRun(path) && (only.length === 0 || only.includes(path)));
const blocks = findRunnableBlocks(repositoryRoot, pages);
problems.push(...(await runBlocks(blocks, repositoryRoot)));
for (const problem of problems) console.log(problem);
console.log(`docs: ${files.length} files, ${blocks.length} blocks run or written, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
