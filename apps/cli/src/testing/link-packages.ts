import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));

/** Lets a plugin in a temporary folder import the packages that a plugin may import. */
export async function linkPackages(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['@diptych', 'zod']) await symlink(join(modules, name), join(folder, 'node_modules', name));
}
