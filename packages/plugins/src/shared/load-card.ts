/** Built-in cards: YAML files beside the plugins, each over a plugin of the same kind. */
import { readFile } from 'node:fs/promises';
import { checkCard, DiptychError, type Plugin, pluginOfCard } from '@diptych/plugin-kit';
import { parse } from 'yaml';

/** What cards of this package may use, by `kind/use`. */
const used: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {
  'detector/onnx': () => import('../detectors/onnx.ts'),
  'safety-judge/onnx': () => import('../safety-judges/onnx/index.ts'),
};

/** `path` is relative to this package's `src`. Throws PLUGIN_INVALID for a file that is no card. */
export async function loadCard(path: string): Promise<{ readonly default: Plugin }> {
  const card = checkCard(parse(await readFile(new URL(`../${path}`, import.meta.url), 'utf8')), path);
  const load = used[`${card.kind}/${card.use}`];
  if (load === undefined)
    throw new DiptychError(
      'PLUGIN_INVALID',
      `Expected ${path} to use one of ${Object.keys(used).join(', ')}, got ${card.kind}/${card.use}. Correct the card.`,
    );
  return { default: pluginOfCard((await load()).default as Plugin, card) };
}
