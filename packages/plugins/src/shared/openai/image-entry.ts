/** Entries of an Images answer as OpenAI and those who copy its API give them: base64 or an address. */
import type { Generation } from '@diptych/plugin-kit';
import type { Service } from '../http/call-service.ts';
import { fetchMadeImage } from '../http/job.ts';
import { decodeBase64Image } from '../http/media.ts';
import { reasonOf } from '../http/service-options.ts';
import { filteredCategories, filterRatings } from './blocked.ts';

export interface ImageEntry {
  readonly b64_json?: unknown;
  readonly url?: unknown;
  readonly revised_prompt?: unknown;
  /** xAI: false where its filter took the image out of an answer that succeeded. */
  readonly respect_moderation?: unknown;
  /** Azure. */
  readonly content_filter_results?: unknown;
}

/** The image of the first entry that has one, or the filter that took it out, or nothing. */
export async function readImageEntries(
  entries: readonly ImageEntry[],
  service: Service,
  warnings: readonly string[],
  signal: AbortSignal,
): Promise<Generation> {
  const filtered = entries.find(({ respect_moderation }) => respect_moderation === false);
  if (filtered) return { outcome: 'blocked', stage: 'output', reason: 'respect_moderation is false' };
  const entry = entries.find(({ b64_json, url }) => isText(b64_json) || isText(url));
  if (entry === undefined) {
    const categories = entries.flatMap(({ content_filter_results: results }) => filteredCategories(results));
    if (categories.length === 0) return { outcome: 'empty', reason: 'no image in the answer' };
    return { outcome: 'blocked', stage: 'output', reason: reasonOf(categories.join(', '), 'filtered'), categories };
  }
  const { b64_json, url, revised_prompt, content_filter_results } = entry;
  const bytes = isText(b64_json) ? decodeBase64Image(b64_json, service) : await fetchMadeImage(String(url), service, signal);
  const revised = isText(revised_prompt) ? { revisedPrompt: revised_prompt.slice(0, 100_000) } : {};
  const ratings = filterRatings(content_filter_results);
  return { outcome: 'image', bytes, ...revised, ...(warnings.length === 0 ? {} : { warnings }), ...ratings };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
