/** Run format 1 wrote the status `measured` where format 2 writes `features`. In memory every record is of the newest format. */
import type { RunFormat } from '@diptych/plugin-kit';

const isDetection = (line: unknown, status: string): line is object => {
  const { type, status: own } = (line ?? {}) as { readonly type?: unknown; readonly status?: unknown };
  return type === 'detection' && own === status;
};

/** A parsed line of a journal of any readable format, as the newest format writes it. */
export const upgradeLine = (line: unknown): unknown =>
  isDetection(line, 'measured') ? { ...line, status: 'features' } : line;

/** The line as a run of `format` writes it: a run keeps its format, and its digest is over lines of that format. */
export const lineOfFormat = <Line>(line: Line, format: RunFormat): Line =>
  format === 1 && isDetection(line, 'features') ? { ...line, status: 'measured' } : line;
