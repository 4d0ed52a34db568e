import { costOf, mayHaveCost, type PricedAnswer } from '../pacing/meter.ts';
import { describeError } from '../text/describe-error.ts';
import { type CallOptions, type CallResult, callPlugin } from './call-plugin.ts';

/** What became of one item of a batch. */
export type ItemResult<R> =
  | { readonly status: 'answered'; readonly value: R; readonly attempts: number; readonly costUsd?: number }
  | { readonly status: 'timeout'; readonly attempts: number }
  | { readonly status: 'error'; readonly reason: string; readonly attempts: number };

/** The items of a call, the call, and the check of one answer. */
interface Batch<T, R> {
  readonly call: (items: readonly T[], signal: AbortSignal) => Promise<readonly unknown[]>;
  readonly check: (value: unknown, item: T) => R | string;
  readonly options: CallOptions;
}

/**
 * Calls a plugin with a batch. When the batch as a whole fails (it throws, hangs, or gives the wrong number of
 * results), its items are called one by one, so that only the culprit is lost. Rejects with BUDGET_REACHED before the
 * first call, and again before those one by one, where the batch does not fit the budget.
 */
export async function callBatch<T, R extends PricedAnswer>(
  items: readonly T[],
  call: Batch<T, R>['call'],
  check: Batch<T, R>['check'],
  options: CallOptions,
): Promise<ItemResult<R>[]> {
  const batch = { call, check, options };
  const [whole] = await callReserved([items], batch);
  if (whole!.isWhole || items.length < 2) return [...whole!.results];
  const single = await callReserved(
    items.map((item) => [item]),
    batch,
  );
  return single.flatMap(({ results }) => results);
}

interface Called<R> {
  readonly results: readonly ItemResult<R>[];
  /** False where the call failed as a whole. */
  readonly isWhole: boolean;
}

/** One call after the other, under money set aside for all of them. */
async function callReserved<T, R extends PricedAnswer>(
  calls: readonly (readonly T[])[],
  batch: Batch<T, R>,
): Promise<Called<R>[]> {
  const { meter } = batch.options;
  const reservation = meter?.budget.reserve(meter.usdPerItem * calls.flat().length);
  let spentUsd = 0;
  try {
    const called: Called<R>[] = [];
    for (const items of calls) {
      const { usd, ...one } = await callOnce(items, batch);
      spentUsd += usd;
      called.push(one);
    }
    return called;
  } finally {
    reservation?.settle(spentUsd);
  }
}

/** The results, and what the budget is charged: the costs, and the estimate where a service may have charged unsaid. */
async function callOnce<T, R extends PricedAnswer>(
  items: readonly T[],
  { call, check, options }: Batch<T, R>,
): Promise<Called<R> & { readonly usd: number }> {
  const usdPerItem = options.meter?.usdPerItem ?? 0;
  const result = await callPlugin((signal) => call(items, signal), { ...options, items: items.length });
  const fault = faultOf(result, items.length, options.redact);
  if (fault) {
    const usd = mayHaveCost(result) ? usdPerItem * items.length : 0;
    return { results: items.map(() => fault), isWhole: false, usd };
  }
  const { value: values, attempts } = result as Extract<CallResult<readonly unknown[]>, { status: 'answered' }>;
  let usd = 0;
  const results = items.map((item, place): ItemResult<R> => {
    const checked = checkSafely(() => check(values[place], item));
    const isBroken = typeof checked === 'string';
    const costUsd = options.meter && !isBroken ? costOf(checked, options.meter) : undefined;
    usd += isBroken ? usdPerItem : (costUsd ?? 0);
    if (isBroken) return { status: 'error', reason: `PLUGIN_BROKE_CONTRACT: ${checked}`, attempts };
    return { status: 'answered', value: checked, attempts, ...(costUsd === undefined ? {} : { costUsd }) };
  });
  return { results, isWhole: true, usd };
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
