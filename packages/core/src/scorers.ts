/** `@diptych/core/scorers`: plugins of a study, and single images without a run. Apart from the main entry, which brings runs and reports. */
export type { LoadPluginsOptions } from './plugins/load-options.ts';
export { loadPlugins } from './plugins/load-plugins.ts';
export type { LoadedStudy } from './plugins/loaded-study.ts';
export { resolvePlugin } from './plugins/resolve-plugin.ts';
export { type FileScores, scoreFiles } from './run/score-files.ts';
export { faultOfThrown, watchStrays } from './run/stray-errors.ts';
export { studyOfScorers } from './run/study-of-scorers.ts';
export { loadStudy } from './study/load-study.ts';
export { codeOfReason } from './text/describe-error.ts';
export { openWeightsStore, type WeightsStore } from './weights/weights-store.ts';
