import { DiptychError, isDiptychError } from '@diptych/plugin-kit';

type Redact = (text: string) => string;

/** What was thrown without any secret, to be shown or logged. Its cause is dropped where it held one. */
export function redactError(error: unknown, redact: Redact): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? redact(error) : error;
  const message = redact(error.message);
  if (isDiptychError(error)) {
    const details = JSON.stringify(error.details);
    const clean = redact(details);
    if (message === error.message && clean === details) return error;
    return new DiptychError(error.code, message, { details: JSON.parse(clean) as Record<string, unknown> });
  }
  return message === error.message ? error : new Error(message);
}
