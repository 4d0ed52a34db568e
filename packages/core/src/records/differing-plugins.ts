import type { Manifest } from '@diptych/plugin-kit';
import { canonicalJson } from '../text/canonical-json.ts';

/** Keys (`kind/name`) of the plugins that only one of two runs has, or that differ between them. */
export function differingPlugins(first: Manifest, other: Manifest): string[] {
  // Shards of an older release know neither the list's digest nor the reference, which says nothing of results.
  const bothKnow = [first, other].every(({ plugins }) => plugins.some(({ listDigest }) => listDigest !== undefined));
  const byKey = (manifest: Manifest) =>
    new Map(
      manifest.plugins.map((plugin) => [
        `${plugin.kind}/${plugin.as}`,
        canonicalJson({ ...plugin, reference: undefined, ...(bothKnow ? {} : { listDigest: undefined }) }),
      ]),
    );
  const [left, right] = [byKey(first), byKey(other)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((key) => left.get(key) !== right.get(key)).sort();
}
