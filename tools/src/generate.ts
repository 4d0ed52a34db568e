/**
 * Writes every generated file: `node tools/src/generate.ts`. With `--check` writes nothing and fails, naming the
 * files, when writing would change any.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeCompleteLock } from './generate/complete-lock.ts';
import { writeErrorDocs } from './generate/error-docs.ts';
import type { GeneratedFile, Writer } from './generate/generated-file.ts';
import { writeJsonSchemas } from './generate/json-schemas.ts';
import { writeNetworkDocs } from './generate/network-docs.ts';
import { writeOutcomeDocs } from './generate/outcome-docs.ts';
import { writePluginDocs } from './generate/plugin-docs.ts';
import { writeRegistry } from './generate/registry.ts';
import { repositoryRoot } from './repository.ts';

const writers: readonly Writer[] = [
  writeRegistry,
  writeErrorDocs,
  writeJsonSchemas,
  writeNetworkDocs,
  writeOutcomeDocs,
  writePluginDocs,
  writeCompleteLock,
];

/** The files whose text on disk differs from what their writer gives. */
export function staleFiles(root: string, files: readonly GeneratedFile[]): GeneratedFile[] {
  return files.filter(({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);
}

interface Generated {
  readonly files: readonly GeneratedFile[];
  /** Writers that failed do not keep the others from writing: a plugin under work must not block the registry. */
  readonly failures: readonly string[];
}

export async function generateAll(root: string): Promise<Generated> {
  const results = await Promise.allSettled(writers.map((write) => write(root)));
  return {
    files: results.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])),
    failures: results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : [])),
  };
}

if (import.meta.main) {
  const isCheck = process.argv.includes('--check');
  const { files, failures } = await generateAll(repositoryRoot);
  const stale = staleFiles(repositoryRoot, files);
  for (const { path, text } of isCheck ? [] : stale) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), text);
  }
  for (const { path } of stale) console.log(isCheck ? `${path} is stale. Run \`npm run generate\`.` : `wrote ${path}`);
  for (const failure of failures) console.log(`could not generate: ${failure}`);
  console.log(
    `generated files: ${files.length - stale.length} up to date, ${stale.length} ${isCheck ? 'stale' : 'written'}`,
  );
  process.exitCode = failures.length > 0 || (isCheck && stale.length > 0) ? 1 : 0;
}
