import { afterEach, expect, it, vi } from 'vitest';
import { interruptSignal } from './signals.ts';

afterEach(() => vi.restoreAllMocks());

it('stops a command that has begun no run with the code of an interruption', () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const interrupt = interruptSignal();
  process.listeners('SIGINT').at(-1)!('SIGINT');
  expect(() => interrupt.signal.throwIfAborted()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }));
  expect(said).toHaveBeenCalledWith(expect.stringContaining('Stopping'));
  interrupt.release();
});
