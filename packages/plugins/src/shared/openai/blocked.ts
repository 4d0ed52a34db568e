/**
 * Filters as OpenAI and endpoints that copy its API report them: an error with a code, at status 400 or in a finished
 * response. Codes and `moderation_details` after the Images and Responses references (developers.openai.com, read
 * 2026-11-24); `inner_error` is Azure's.
 */
import type { Generation } from '@diptych/plugin-kit';
import { reasonOf } from '../http/service-options.ts';

export type Blocked = Extract<Generation, { outcome: 'blocked' }>;

export interface OpenAiError {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly message?: unknown;
  readonly moderation_details?: { readonly moderation_stage?: unknown; readonly categories?: unknown };
  readonly inner_error?: FilterReport;
  readonly innererror?: FilterReport;
}

interface FilterReport {
  readonly code?: unknown;
  readonly content_filter_results?: unknown;
}

/** Codes that say that a filter stopped the call, whatever the status. */
const blockedCodes: ReadonlySet<unknown> = new Set([
  'moderation_blocked',
  'content_policy_violation',
  'image_content_policy_violation',
  'bio_policy',
  'content_filter',
  'contentFilter',
  'ResponsibleAIPolicyViolation',
]);

/** `invalid_prompt` is also the code of a malformed prompt; the message tells them apart. */
const isFlaggedPrompt = ({ code, message }: OpenAiError): boolean =>
  code === 'invalid_prompt' && /flagged|polic|safety|violat/i.test(String(message));

/** The error object of an answer's body, where it has one. */
export function errorOf(json: unknown): OpenAiError | undefined {
  const error = (json as { error?: unknown } | null | undefined)?.error;
  return typeof error === 'object' && error !== null ? (error as OpenAiError) : undefined;
}

/** The filter behind an error, or `undefined` where it is a fault. */
export function blockedBy(error: OpenAiError | undefined): Blocked | undefined {
  if (error === undefined) return undefined;
  const inner = error.inner_error ?? error.innererror;
  if (!blockedCodes.has(error.code) && !blockedCodes.has(inner?.code) && !isFlaggedPrompt(error)) return undefined;
  const categories = categoriesOf(error, inner);
  return {
    outcome: 'blocked',
    stage: stageOf(error),
    reason: reasonOf(error.message, `stopped by a filter (${String(error.code)})`),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** `unknown`, and errors without a stage, count as input unless the text speaks of a generated image. */
function stageOf({ moderation_details, message }: OpenAiError): 'input' | 'output' {
  const stage = moderation_details?.moderation_stage;
  if (stage === 'input' || stage === 'output') return stage;
  return /generated (image|content)|image was filtered/i.test(String(message)) ? 'output' : 'input';
}

function categoriesOf({ moderation_details, message }: OpenAiError, inner: FilterReport | undefined): string[] {
  const stated = moderation_details?.categories;
  if (Array.isArray(stated)) return stated.map(String);
  // The form before `moderation_details`: "… safety_violations=[sexual,violence]."
  const listed = /safety_violations=\[([^\]]*)\]/.exec(String(message))?.[1];
  if (listed !== undefined) return listed.split(/\s*,\s*/).filter(Boolean);
  return filteredCategories(inner?.content_filter_results);
}

/** Names of the filters that fired in Azure's `content_filter_results`, such as `{ sexual: { filtered: true } }`. */
export function filteredCategories(results: unknown): string[] {
  if (typeof results !== 'object' || results === null) return [];
  return Object.entries(results).flatMap(([name, result]) =>
    (result as { filtered?: unknown } | null)?.filtered === true ? [name] : [],
  );
}

/** What Azure's filters thought of an image that they let through, such as `{ sexual: { severity: 'safe' } }`. */
export function filterRatings(results: unknown): { serviceRatings?: Record<string, string> } {
  if (typeof results !== 'object' || results === null) return {};
  const said = Object.entries(results).flatMap(([name, result]) => {
    const severity = (result as { severity?: unknown } | null)?.severity;
    return typeof severity === 'string' ? [[name, severity] as const] : [];
  });
  return said.length === 0 ? {} : { serviceRatings: Object.fromEntries(said) };
}
