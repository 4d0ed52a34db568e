/** `diptych init`: writes a commented study file. Never overwrites without --force. */
import { readFile, writeFile } from 'node:fs/promises';
import type { ClaimName } from '@diptych/plugin-kit';
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { type OutputOptions, printResult } from '../output/result.ts';

interface InitOptions extends OutputOptions {
  readonly template: 'folder' | 'simulated' | ClaimName;
  readonly force?: boolean;
}

export default async function init(file: string, options: InitOptions): Promise<void> {
  const text = await readFile(new URL(`../../templates/${options.template}.yaml`, import.meta.url), 'utf8');
  try {
    await writeFile(file, text, { flag: options.force ? 'w' : 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new DiptychError(
        'USAGE',
        `Expected ${file} not to exist, found a file. Choose another name or pass --force to overwrite it.`,
        { cause },
      );
    }
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${file}: ${(cause as Error).message}. Check the folder and its rights.`,
      { cause },
    );
  }
  printResult(
    options,
    { written: file, template: options.template },
    () => `Wrote ${file}. Next: edit it, then \`diptych plan ${file}\`.`,
  );
}
