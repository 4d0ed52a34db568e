import { describe, expect, it } from 'vitest';
import { DiptychError, exitCodeOfError } from './index.ts';

describe('the exit code of problems of plugins', () => {
  it.each([
    [['PLUGIN_SECRET_MISSING', 'PLUGIN_BACKEND_MISSING'], 3],
    [['PLUGIN_SECRET_MISSING', 'OP_UNSUPPORTED'], 4],
    [['PLUGIN_SECRET_MISSING', 'OP_UNSUPPORTED', 'PLUGIN_OPTIONS_INVALID'], 2],
    [['INVARIANT_BROKEN', 'PLUGIN_OPTIONS_INVALID'], 1],
    [['A_CODE_OF_TOMORROW'], 2],
    [[], 2],
  ])('%j: %i', (codes, expected) => {
    const problems = codes.map((code) => ({ plugin: 'detector/x', code, message: '' }));
    expect(exitCodeOfError(new DiptychError('PLUGIN_PROBLEMS', 'found some', { details: { problems } }))).toBe(expected);
  });

  it('of plugins that failed on everything is that of the gravest reason, and 3 where none has a code', () => {
    const failed = (...codes: (string | undefined)[]): number => {
      const problems = codes.map((code) => ({ plugin: 'detector/x', ...(code && { code }), message: '' }));
      return exitCodeOfError(new DiptychError('PLUGIN_FAILED', 'found some', { details: { problems } }));
    };
    expect(failed(undefined)).toBe(3);
    expect(failed(undefined, 'PLUGIN_BROKE_CONTRACT')).toBe(2);
    expect(failed('PLUGIN_TIMEOUT')).toBe(3);
    expect(failed('IMAGE_UNSUPPORTED', undefined)).toBe(4);
  });

  it('is that of the code for any other error, whatever its details', () => {
    const details = { problems: [{ code: 'PLUGIN_OPTIONS_INVALID' }] };
    expect(exitCodeOfError(new DiptychError('BUDGET_REACHED', 'spent', { details }))).toBe(3);
  });
});
