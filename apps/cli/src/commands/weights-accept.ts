/** `diptych weights accept`: shows the licences of a plugin's or study's weights and records that the user accepts them. */
import { termsOf } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';
import { openWeights, weightsNamed } from '../weights.ts';

export default async function weightsAccept(target: string, options: OutputOptions): Promise<void> {
  const store = openWeights(options);
  const wanted = await weightsNamed(target);
  for (const { ref } of wanted) await store.accept(ref);
  const accepted = wanted.map(({ plugin, ref }) => ({ plugin, name: ref.name, sha256: ref.sha256, licence: ref.licence }));
  printResult(
    options,
    { accepted },
    () =>
      accepted
        .map(({ plugin, name, licence }) => `Accepted for ${plugin} ${name}: ${licence.id}. ${termsOf(licence)}`.trimEnd())
        .join('\n') || 'Nothing here needs weights.',
  );
}
