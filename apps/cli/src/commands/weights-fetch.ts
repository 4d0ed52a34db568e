/** `diptych weights fetch`: brings weights into the cache, so that later runs need no network. */
import { printResult } from '../output/result.ts';
import { builtInWeights, openWeights, type WeightsOptions, weightsNamed } from '../weights.ts';

export default async function weightsFetch(targets: readonly string[], options: WeightsOptions): Promise<void> {
  const store = openWeights(options);
  const wanted = targets.length === 0 ? await builtInWeights() : (await Promise.all(targets.map(weightsNamed))).flat();
  const ready: { plugin: string; name: string; path: string }[] = [];
  for (const { plugin, ref, baseFolder } of wanted) {
    await store.read(ref, baseFolder); // checks the digest of what was cached before, too
    ready.push({ plugin, name: ref.name, path: (await store.status(ref, baseFolder)).path });
  }
  printResult(options, { weights: ready }, () =>
    ready.map(({ plugin, name, path }) => `${plugin} ${name}: ${path}`).join('\n'),
  );
}
