import type { Generation, PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { failureOf, type Service, type ServiceAnswer } from '../http/call-service.ts';
import { baseUrlOption, keyNameOption } from '../http/endpoint.ts';
import { reasonOf } from '../http/service-options.ts';
import { readSupportCodes } from './support-codes.ts';

/** The Gemini API by its key, or a project of Google Cloud by an access token. */
export const googleOptions = {
  /** For a project: `https://REGION-aiplatform.googleapis.com/v1/projects/ID/locations/REGION/publishers/google`. */
  baseUrl: baseUrlOption('https://generativelanguage.googleapis.com/v1beta'),
  keyName: keyNameOption('GEMINI_API_KEY'),
  /** `api-key` is sent as `x-goog-api-key`, `bearer` as an access token (`gcloud auth print-access-token`). */
  auth: z.enum(['api-key', 'bearer']).default('api-key'),
};

interface Access {
  readonly keyName: string;
  readonly auth: 'api-key' | 'bearer';
}

export function googleService(name: string, context: PluginContext, { keyName, auth }: Access): Service {
  const key = context.secret(keyName);
  const headers = auth === 'bearer' ? { authorization: `Bearer ${key}` } : { 'x-goog-api-key': key };
  return { name, context, keyName, headers };
}

type Blocked = Extract<Generation, { outcome: 'blocked' }>;

/** A filter's own words, with the stage and the categories of its support codes where it gives any. */
export function blockedByWords(message: string, stage: 'input' | 'output', categories: readonly string[] = []): Blocked {
  const stated = readSupportCodes(message);
  const all = [...new Set([...categories, ...stated.categories])];
  return {
    outcome: 'blocked',
    stage: stated.stage ?? stage,
    reason: reasonOf(message, 'filtered'),
    ...(all.length === 0 ? {} : { categories: all }),
  };
}

const messageOf = ({ json, excerpt }: ServiceAnswer): string => {
  const message = (json as { error?: { message?: unknown } } | undefined)?.error?.message;
  return typeof message === 'string' ? message : excerpt;
};

/**
 * Filters that Google reports as an error: status 400 with "… sensitive words that violate Google's Responsible AI
 * practices …", as googleapis/js-genai issue 321 records it. Its words are the only mark.
 */
export function blockedByError(answer: ServiceAnswer): Blocked | undefined {
  const message = messageOf(answer);
  if (answer.status !== 400 || !/Responsible AI|usage guidelines|Support codes?:/i.test(message)) return undefined;
  return blockedByWords(message, 'input');
}

export const googleFailure = (answer: ServiceAnswer, service: Service) =>
  failureOf(answer, service, messageOf(answer).slice(0, 500));
