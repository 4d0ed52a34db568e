import type { z } from 'zod';
import { failureOf, type Service, type ServiceAnswer, unexpectedAnswer } from './call-service.ts';

/** The JSON of a success in the shape that the API documents; anything else is a fault that says what was expected. */
export function readAnswer<T extends z.ZodType>(
  schema: T,
  answer: ServiceAnswer,
  service: Service,
  expected: string,
): z.output<T> {
  if (!answer.ok) throw failureOf(answer, service);
  const parsed = schema.safeParse(answer.json);
  if (!parsed.success) throw unexpectedAnswer(service, expected, answer);
  return parsed.data;
}
