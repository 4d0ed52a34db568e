// Builds apps/web, the one part that does not run from its source.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, listFiles, readStamp, writeStamp } from './stamp.mjs';
import { runQuietly, step } from './steps.mjs';

const isTest = (file) => /\.test\.tsx?$/.test(file);

/** What the bundle is made of: the app, and the packages whose source Vite pulls in. */
function webSources(root) {
  const app = listFiles(join(root, 'apps/web'), ['node_modules', 'dist', '.vite', 'coverage']);
  const imported = ['core', 'plugin-kit'].flatMap((name) => listFiles(join(root, 'packages', name, 'src')));
  return [...app, ...imported].filter((file) => !isTest(file));
}

export function buildWeb(root, { environment, force = false }) {
  const folder = join(root, 'apps/web');
  if (!existsSync(join(folder, 'vite.config.ts'))) return;
  // Vite empties dist first, so the stamp there lives exactly as long as the output that it describes.
  const stampPath = join(folder, 'dist/.stamp');
  const digest = hashFiles(root, webSources(root));
  if (!force && readStamp(stampPath) === digest) return;
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const command = scripts?.build ?? 'vite build';
  step('web viewer built', () => runQuietly(command, [], { cwd: folder, env: environment, shell: true }));
  writeStamp(stampPath, digest);
}
