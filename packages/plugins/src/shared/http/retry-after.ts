/**
 * How long a service asks us to wait, in milliseconds: `retry-after-ms`; `Retry-After` in seconds or as a date
 * (RFC 9110, 10.2.3); Google's `RetryInfo.retryDelay` in the error's details; where nothing else stands, the reset of
 * every budget of which nothing remains: of requests, images, tokens. `undefined` where it does not say.
 */
export function retryAfterMs(headers: Headers, json?: unknown, now: number = Date.now()): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const given = headers.get('retry-after');
  if (given !== null) {
    const seconds = Number(given);
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
    const date = Date.parse(given);
    if (Number.isFinite(date)) return Math.max(0, date - now);
  }
  return googleRetryDelay(json) ?? longestReset(headers);
}

/**
 * OpenAI and those who copy it have `x-ratelimit-remaining-KIND` and `x-ratelimit-reset-KIND`, with `requests`, `images`
 * and `tokens` as kinds; Together has both without a kind; others have `ratelimit-remaining` and `ratelimit-reset`, as
 * the IETF's draft did. All budgets that are used up must be back before a call can pass.
 */
function longestReset(headers: Headers): number | undefined {
  const waits = [...headers].flatMap(([name, remaining]) => {
    const [, before, kind] = /^((?:x-)?ratelimit)-remaining(-[a-z_-]+)?$/.exec(name) ?? [];
    if (before === undefined || Number(remaining) !== 0) return [];
    return resetMs(headers.get(`${before}-reset${kind ?? ''}`)) ?? [];
  });
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** A day; a larger number of seconds is a point in time, which services count from different clocks. */
const longestSeconds = 86_400;

/** `1s`, `6m0s`, `120ms`, or seconds without a unit. */
function resetMs(text: string | null): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const seconds = Number(text);
  if (!Number.isFinite(seconds)) return durationMs(text.trim());
  return seconds >= 0 && seconds <= longestSeconds ? seconds * 1000 : undefined;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h2m3.5s` and the like; `undefined` for anything else. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) sum += Number(amount) * unitMs[unit!]!;
  return sum;
}

function googleRetryDelay(json: unknown): number | undefined {
  const details = (json as { error?: { details?: unknown } } | undefined)?.error?.details;
  if (!Array.isArray(details)) return undefined;
  for (const detail of details as { retryDelay?: unknown }[])
    if (typeof detail?.retryDelay === 'string') return durationMs(detail.retryDelay);
  return undefined;
}
