/** What the suites of generators and of existing images share. */
import type { Generation } from '../generator.ts';
import { decoders, families, hazards } from '../hazard.ts';
import { answeredWithoutImage } from '../outcomes.ts';

const magics: readonly (readonly [offset: number, latin1: string])[] = [
  [0, '\xff\xd8\xff'],
  [0, '\x89PNG\r\n\x1a\n'],
  [8, 'WEBP'],
  [0, 'GIF8'],
  [0, 'II*\0'],
  [0, 'MM\0*'],
  [4, 'ftyp'],
];

/** Whether the first bytes are those of a container that Diptych reads. */
export function looksLikeImage(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return magics.some(([offset, magic]) => head.startsWith(magic, offset));
}

const tooLong = (text: string | undefined, limit: number): boolean => (text?.length ?? 0) > limit;

/** Faults of one generation against the contract and the limits of the sample record. */
export function generationFaults(generation: Generation, simulated: boolean): string[] {
  if (generation.outcome === 'image') {
    const faults: string[] = [];
    if (!looksLikeImage(generation.bytes)) faults.push('bytes are not a JPEG, PNG, WebP, GIF, TIFF or AVIF file');
    if (generation.truth !== undefined && !simulated) faults.push('truth is set by a generator that is not simulated');
    if (generation.truth?.hazards.some((hazard) => !hazards.includes(hazard))) faults.push('truth names an unknown hazard');
    if (tooLong(generation.revisedPrompt, 100_000)) faults.push('revisedPrompt is longer than 100,000 characters');
    return faults;
  }
  if (!answeredWithoutImage.includes(generation.outcome))
    return [`outcome is ${String((generation as { outcome: unknown }).outcome)}`];
  const faults: string[] = [];
  if (generation.outcome !== 'empty' && !generation.reason) faults.push(`${generation.outcome} without a reason`);
  if (tooLong(generation.reason, 4000)) faults.push('reason is longer than 4000 characters');
  if (generation.outcome === 'blocked' && !['input', 'output'].includes(generation.stage))
    faults.push(`stage is ${String(generation.stage)}`);
  return faults;
}

/** Faults of the traits of a generator in the mode it is tested in. */
export function generatorTraitFaults(
  plugin: {
    readonly name: string;
    readonly family: string;
    readonly decoder: string;
    readonly simulated: boolean;
    readonly mode: string;
  },
  mode: 'generate' | 'existing',
): string[] {
  const faults: string[] = [];
  const perSample = mode === 'existing' ? ['per-sample'] : [];
  if (plugin.mode !== mode) faults.push(`mode is ${plugin.mode}, expected ${mode}. Use the matching define function.`);
  if (![...families, ...perSample].includes(plugin.family)) faults.push(`family is ${plugin.family}.`);
  if (![...decoders, ...perSample].includes(plugin.decoder)) faults.push(`decoder is ${plugin.decoder}.`);
  if (plugin.simulated !== plugin.name.startsWith('simulated-'))
    faults.push('exactly the simulated generators have names that start with "simulated-".');
  return faults;
}
