/** One violation of a structural rule. `message` says what is wrong, then what to do. */
export interface Problem {
  readonly rule: string;
  /** Relative to the repository root, with forward slashes. */
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export const formatProblem = ({ rule, file, line, message }: Problem): string =>
  `${file}${line === undefined ? '' : `:${line}`}  ${rule}  ${message}`;
