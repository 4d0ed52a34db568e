import { costOf, type PricedAnswer } from '../pacing/meter.ts';
import { describeError } from '../text/describe-error.ts';
import { type CallOptions, type CallResult, callPlugin } from './call-plugin.ts';

/** What became of one item of a batch. */
export type ItemResult<R> =
  | { readonly status: 'answered'; readonly value: R; readonly attempts: number; readonly costUsd?: number }
  | { readonly status: 'timeout'; readonly attempts: number }
  | { readonly status: 'error'; readonly reason: string; readonly attempts: number };

/**
 * Calls a plugin with a batch. When the batch as a whole fails (it throws, hangs, or gives the wrong number of
 * results), its items are called one by one, so that only the culprit is lost. Rejects with BUDGET_REACHED before the
 * first call where the batch does not fit the budget.
 */
export async function callBatch<T, R extends PricedAnswer>(
  items: readonly T[],
  call: (items: readonly T[], signal: AbortSignal) => Promise<readonly unknown[]>,
  check: (value: unknown, item: T) => R | string,
  options: CallOptions,
): Promise<ItemResult<R>[]> {
  const reservation = options.meter?.budget.reserve(options.meter.usdPerItem * items.length);
  let results: ItemResult<R>[] = [];
  try {
    results = await callReserved(items, call, check, options);
    return results;
  } finally {
    reservation?.settle(
      results.reduce((sum, result) => sum + (result.status === 'answered' ? (result.costUsd ?? 0) : 0), 0),
    );
  }
}

async function callReserved<T, R extends PricedAnswer>(
  items: readonly T[],
  call: (items: readonly T[], signal: AbortSignal) => Promise<readonly unknown[]>,
  check: (value: unknown, item: T) => R | string,
  options: CallOptions,
): Promise<ItemResult<R>[]> {
  const result = await callPlugin((signal) => call(items, signal), { ...options, items: items.length });
  const fault = faultOf(result, items.length, options.redact);
  if (fault && items.length > 1) {
    const single: ItemResult<R>[] = [];
    for (const item of items) single.push(...(await callReserved([item], call, check, options)));
    return single;
  }
  if (fault) return items.map(() => fault);
  const { value: values, attempts } = result as Extract<CallResult<readonly unknown[]>, { status: 'answered' }>;
  return items.map((item, place): ItemResult<R> => {
    const checked = checkSafely(() => check(values[place], item));
    if (typeof checked === 'string') return { status: 'error', reason: `PLUGIN_BROKE_CONTRACT: ${checked}`, attempts };
    const costUsd = options.meter ? costOf(checked, options.meter) : undefined;
    return { status: 'answered', value: checked, attempts, ...(costUsd === undefined ? {} : { costUsd }) };
  });
}

/** Reading an answer may run code of the plugin, such as a getter that throws. */
function checkSafely<R>(check: () => R | string): R | string {
  try {
    return check();
  } catch (error) {
    return `Expected a result that can be read, reading it threw: ${describeError(error, 300)}.`;
  }
}

type Fault = Exclude<ItemResult<never>, { status: 'answered' }>;

function faultOf(
  result: CallResult<readonly unknown[]>,
  expected: number,
  redact: CallOptions['redact'],
): Fault | undefined {
  const { attempts } = result;
  if (result.status === 'timeout') return { status: 'timeout', attempts };
  if (result.status === 'failed') return { status: 'error', reason: describeError(result.error, 2000, redact), attempts };
  if (Array.isArray(result.value) && result.value.length === expected) return undefined;
  const got = Array.isArray(result.value) ? `${result.value.length}` : typeof result.value;
  return { status: 'error', reason: `PLUGIN_BROKE_CONTRACT: Expected ${expected} results, got ${got}.`, attempts };
}
