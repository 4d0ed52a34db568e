/** Files that are read at once. A whole window of images would be more than some systems let a process open (256). Arbitrary. */
export const openFiles = 16;

/**
 * Runs `work` over a source with at most `concurrency` at once; takes the next item only when a worker is free, so
 * sources of any length stay flat. The first failure stops taking, waits for what is in flight, and rejects.
 */
export async function runPool<T>(
  source: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let failed = false;
  let failure: unknown;
  // One `next` at a time: async generators queue calls, but an iterator need not.
  let turn: Promise<unknown> = Promise.resolve();
  const take = (): Promise<IteratorResult<T>> => {
    const next = turn.then(() => iterator.next());
    turn = next.catch(() => undefined);
    return next;
  };
  const worker = async (): Promise<void> => {
    while (!failed) {
      try {
        const item = await take();
        if (item.done || failed) return;
        await work(item.value);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
  await iterator.return?.();
  if (failed) throw failure;
}

/** Consecutive groups of at most `size`. */
export function* inGroups<T>(source: Iterable<T>, size: number): Generator<T[]> {
  let group: T[] = [];
  for (const item of source) {
    group.push(item);
    if (group.length >= Math.max(1, size)) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}
