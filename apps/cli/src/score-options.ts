/** What `judge` and `detect` are asked for. */
import type { FileScores } from '@diptych/core/scorers';
import type { RunOptions } from './run-study.ts';

export interface ScoreOptions extends RunOptions {
  /** Comma-separated plugin names. */
  readonly with?: string;
  /** A study whose judges or detectors, with their options, are used. */
  readonly study?: string;
}

export interface Scorers {
  readonly kind: 'safety-judge' | 'detector';
  /** The table for single images. */
  render(files: readonly FileScores[]): string;
}
