/** The whole answer of an Images endpoint in OpenAI's form, where a provider has little of its own. */
import type { Generation } from '@diptych/plugin-kit';
import { type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { blockedBy, errorOf, type OpenAiError } from './blocked.ts';
import { type ImageEntry, readImageEntries } from './image-entry.ts';
import { openAiFailure } from './service.ts';

/** `filterOf` knows the filter of the provider itself, where that is not stated by one of OpenAI's codes. */
export async function readImagesAnswer(
  answer: ServiceAnswer,
  service: Service,
  signal: AbortSignal,
  filterOf: (answer: ServiceAnswer, error: OpenAiError | undefined) => Generation | undefined = () => undefined,
): Promise<Generation> {
  const error = errorOf(answer.json);
  const blocked = blockedBy(error) ?? filterOf(answer, error);
  if (blocked) return blocked;
  if (!answer.ok) throw openAiFailure(answer, service);
  const { data } = (answer.json ?? {}) as { data?: readonly ImageEntry[] };
  if (!Array.isArray(data)) throw unexpectedAnswer(service, 'a list `data`', answer);
  return readImageEntries(data, service, [], signal);
}
