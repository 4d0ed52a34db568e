/** The metrics as a library of pure functions: `@diptych/core/metrics`. Reports use them; so may notebooks and plugins' authors. */
export * from './agreement.ts';
export * from './average-precision.ts';
export * from './cluster-bootstrap.ts';
export * from './cross-fit.ts';
export * from './holm.ts';
export * from './judge-correction.ts';
export * from './kitagawa.ts';
export * from './logistic-regression.ts';
export * from './mcnemar.ts';
export * from './paired-difference.ts';
export * from './proportion.ts';
export * from './random.ts';
export * from './rates.ts';
export * from './roc.ts';
export * from './sign-flip.ts';
export * from './threshold-metrics.ts';
