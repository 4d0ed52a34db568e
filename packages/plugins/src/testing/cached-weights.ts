import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Weights that `diptych weights fetch` or the demo left in the cache, by digest; tests never fetch. `DIPTYCH_TEST_WEIGHTS`
 * names another folder with files named by their SHA-256.
 */
export function cachedWeights(sha256: string): { readonly absent: boolean; readonly reason: string; read(): Uint8Array } {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folders = [process.env.DIPTYCH_TEST_WEIGHTS ?? '', join(cache, 'diptych', 'weights')].filter(
    (folder) => folder !== '',
  );
  const path = folders.map((folder) => join(folder, sha256)).find((candidate) => existsSync(candidate));
  return {
    absent: path === undefined,
    reason: `no file ${sha256.slice(0, 12)}… in the weights cache; run \`diptych weights fetch\``,
    read: () => readFileSync(path!),
  };
}
