/** Images that a service answers with: base64 in JSON, or an address to fetch them from. */
import { InfrastructureError } from '@diptych/plugin-kit';
import { callService, failureOf, type Service } from './call-service.ts';

/** Largest image taken from a service, in bytes; core's `limits.maxImageBytes` applies after it. */
const maxImageBytes = 64 * 2 ** 20;

/** Decodes base64 or a `data:` URL. Rejects text that is no base64 rather than decoding what is left of it. */
export function decodeBase64Image(text: string, service: Service): Uint8Array {
  const payload = text.startsWith('data:') ? text.slice(text.indexOf(',') + 1) : text;
  if (payload.length > (maxImageBytes / 3) * 4 + 4 || !/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(payload))
    throw new InfrastructureError(
      `Expected a base64 image of at most ${maxImageBytes} bytes of ${service.name}, got ${payload.length} characters that are not one.`,
      { retryable: false },
    );
  return new Uint8Array(Buffer.from(payload, 'base64'));
}

/**
 * Fetches an image that a service named by its address. The key is not sent along: the address is signed or public, and
 * often another host's. Core refuses hosts that the plugin did not declare.
 */
export async function fetchImage(url: string, service: Service, signal: AbortSignal): Promise<Uint8Array> {
  if (url.startsWith('data:')) return decodeBase64Image(url, service);
  const withoutKey: Service = { name: `${service.name} (image)`, context: service.context };
  const answer = await callService(withoutKey, { url, headers: { accept: 'image/*' }, maxBytes: maxImageBytes }, signal);
  // A signed address that is gone does not come back; the call would have to be made and paid again, so it is not.
  if (!answer.ok) throw failureOf(answer, withoutKey);
  return answer.bytes;
}
