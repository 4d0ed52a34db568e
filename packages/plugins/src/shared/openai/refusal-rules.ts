/** How a user says which answers of an endpoint are refusals and filters; every endpoint says it in its own way. */
import { answeredWithoutImage, type Generation } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { ServiceAnswer } from '../http/call-service.ts';
import { reasonOf } from '../http/service-options.ts';

const rule = z
  .strictObject({
    /** The answer's status. */
    status: z.int().min(100).max(599).optional(),
    /** Member of the JSON body, as in `error.code` or `data.0.nsfw`; without it the start of the body as text. */
    path: z.string().min(1).max(300).optional(),
    /** Part of the member's text, in upper or lower case; `true`, `false` and numbers count as their text. */
    contains: z.string().min(1).max(1000).optional(),
    outcome: z.enum(answeredWithoutImage),
    /** Of a filter: did it stop the prompt or the image. */
    stage: z.enum(['input', 'output']).default('input'),
    categories: z.array(z.string().min(1).max(200)).max(20).optional(),
  })
  .refine(({ status, path, contains }) => status !== undefined || path !== undefined || contains !== undefined, {
    message: 'Expected at least one of status, path and contains; without any the rule would hold for every answer.',
  });

/** The first rule that holds decides; an answer that none holds for is read as OpenAI's. */
export const refusalRulesOption = z.array(rule).max(50).default([]);
type Rule = z.output<typeof rule>;

/** A member of the body by its path; `undefined` where there is none. Only own members count. */
function memberAt(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string, unknown>)[key];
  }, json);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function holds({ status, path, contains }: Rule, answer: ServiceAnswer): boolean {
  if (status !== undefined && status !== answer.status) return false;
  const member = path === undefined ? answer.excerpt : memberAt(answer.json, path);
  if (member === undefined || member === null) return false;
  return contains === undefined || textOf(member).toLowerCase().includes(contains.toLowerCase());
}

/** What the first matching rule makes of an answer, or `undefined`. */
export function applyRefusalRules(rules: readonly Rule[], answer: ServiceAnswer): Generation | undefined {
  const found = rules.find((rule) => holds(rule, answer));
  if (found === undefined) return undefined;
  const { outcome, stage, categories, path } = found;
  const message = memberAt(answer.json, 'error.message') ?? (path === undefined ? undefined : memberAt(answer.json, path));
  const reason = reasonOf(typeof message === 'string' ? message : answer.excerpt, `status ${answer.status}`);
  if (outcome !== 'blocked') return { outcome, reason };
  return { outcome, stage, reason, ...(categories === undefined ? {} : { categories }) };
}
