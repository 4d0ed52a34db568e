/** `diptych plugin new <kind> <name>`: a plugin and its conformance test, ready to run. Never overwrites. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DiptychError, type PluginKind, pluginKinds } from '@diptych/plugin-kit';
import { type OutputOptions, printResult } from '../output/result.ts';

interface PluginNewOptions extends OutputOptions {
  readonly folder: string;
}

function checkArguments(kind: string, name: string): asserts kind is PluginKind {
  if (!(pluginKinds as readonly string[]).includes(kind)) {
    throw new DiptychError(
      'USAGE',
      `Expected the kind to be one of ${pluginKinds.join(', ')}, received "${kind}". Choose one of them.`,
    );
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new DiptychError(
      'USAGE',
      `Expected a kebab-case name such as my-${kind}, received "${name}". Use lower-case letters, digits and single dashes.`,
    );
  }
}

export default async function pluginNew(kind: string, name: string, options: PluginNewOptions): Promise<void> {
  checkArguments(kind, name);
  await mkdir(options.folder, { recursive: true });
  const written: string[] = [];
  for (const suffix of ['ts', 'test.ts']) {
    const template = await readFile(new URL(`../../templates/plugins/${kind}.${suffix}.txt`, import.meta.url), 'utf8');
    const file = join(options.folder, `${name}.${suffix}`);
    try {
      await writeFile(file, template.replaceAll('{{name}}', name), { flag: 'wx' });
    } catch (cause) {
      throw new DiptychError(
        'USAGE',
        `Expected to create ${file}: ${(cause as Error).message}. Choose another name or folder.`,
        { cause },
      );
    }
    written.push(file);
  }
  printResult(options, { written }, () =>
    [
      `Wrote ${written.join(' and ')}.`,
      `Test it: npx vitest run ${written[1]}`,
      `Use it in a study: { use: ${isAbsolute(options.folder) ? '' : './'}${join(options.folder, `${name}.ts`)} }`,
    ].join('\n'),
  );
}
