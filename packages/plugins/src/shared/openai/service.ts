import { InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { failureOf, type Service, type ServiceAnswer } from '../http/call-service.ts';
import { errorOf } from './blocked.ts';

/** A service with a bearer key; `keyName` is absent for servers that need none. */
export function bearerService(name: string, context: PluginContext, keyName: string | undefined): Service {
  if (keyName === undefined) return { name, context };
  return { name, context, keyName, headers: { authorization: `Bearer ${context.secret(keyName)}` } };
}

/** Codes of an account that is out of money; waiting does not help, unlike at the other reasons of a 429. */
const unpaid: ReadonlySet<unknown> = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);

/** The fault behind an answer that is neither success nor outcome, told in the service's own words. */
export function openAiFailure(answer: ServiceAnswer, service: Service): InfrastructureError {
  const error = errorOf(answer.json);
  const message = typeof error?.message === 'string' ? error.message.slice(0, 500) : answer.excerpt;
  if (unpaid.has(error?.code) || unpaid.has(error?.type))
    return new InfrastructureError(`${service.name} asks for payment (${answer.status}): ${message}.`, { retryable: false });
  return failureOf(answer, service, message);
}
