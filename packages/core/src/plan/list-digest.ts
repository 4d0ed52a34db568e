import { createHash } from 'node:crypto';
import type { AuthenticImage, ExistingSample } from '@diptych/plugin-kit';
import { canonicalJson } from '../text/canonical-json.ts';

/**
 * SHA-256 over a list, one item's canonical JSON a line. A plugin's own digest is of its input and is what the plugin says
 * it is; this one is of what the run is made of.
 */
export class ListDigest {
  readonly #hash = createHash('sha256');

  add(item: Readonly<Record<string, unknown>>): void {
    this.#hash.update(`${canonicalJson(item)}\n`);
  }

  /** Ends the list. */
  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** What a run takes of an item; other members are the plugin's own, and may differ from call to call. */
export const ofSample = (sample: ExistingSample): Readonly<Record<string, unknown>> => {
  const { key, model, family, decoder, level, prompt, promptId, pairId, groupId, hazards, intent, language } = sample;
  return { key, model, family, decoder, level, prompt, promptId, pairId, groupId, hazards, intent, language };
};

export const ofImage = ({ key, groupId, licence }: AuthenticImage): Readonly<Record<string, unknown>> => ({
  key,
  groupId,
  licence: licence.id,
});
