import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** For tests on real data: the path of a file in the folder `shared` beside the repository. */
export function sharedAsset(name: string): { readonly path: string; readonly absent: boolean; readonly reason: string } {
  const path = fileURLToPath(new URL(`../../../../../shared/${name}`, import.meta.url));
  return { path, absent: !existsSync(path), reason: `../shared/${name} is not here` };
}
