/** For tests only, in this repository and in others': runs with known answers. */
export * from './planted-detection.ts';
export * from './planted-run.ts';
export * from './planted-scale.ts';
export * from './planted-study.ts';
