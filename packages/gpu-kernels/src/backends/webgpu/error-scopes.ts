/** WebGPU reports out-of-memory and validation errors to the scopes open when a call was made, and answers later. */

/**
 * Runs `work` with both scopes open; nobody else may open one meanwhile. `reported` settles once the device has looked at
 * what `work` asked of it, and rejects with what it refused.
 */
export async function withErrorScopes<T>(
  device: GPUDevice,
  fail: (kind: 'memory' | 'validation', message: string) => Error,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly reported: Promise<void> }> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const pop = (): Promise<[GPUError | null, GPUError | null]> =>
    Promise.all([device.popErrorScope(), device.popErrorScope()]);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await pop().catch(() => undefined); // a lost device answers no scopes; `error` says what happened
    throw error;
  }
  const reported = pop().then(([memory, validation]) => {
    if (memory !== null) throw fail('memory', memory.message);
    if (validation !== null) throw fail('validation', validation.message);
  });
  return { result, reported };
}
