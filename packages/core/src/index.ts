export { type CompareOptions, type Comparison, type ComparisonRow, compareRuns } from './compare/compare-runs.ts';
export { type PilotOptions, pilotOfRun, type RunPilot } from './compare/pilot.ts';
export { readRegularText } from './files/regular-file.ts';
export { blurredPreview } from './images/blurred-preview.ts';
export * from './images/decode-image.ts';
export * from './images/present-image.ts';
export * from './images/protocols.ts';
export * from './images/read-image-info.ts';
export type { Thumbnail } from './images/thumbnail.ts';
export { type Journal, type JournalFile, type JournalOptions, openJournal } from './journal/open-journal.ts';
export { type ReadJournalOptions, readJournal, readJournalBatches } from './journal/read-journal.ts';
export { SeenRecords } from './journal/seen-records.ts';
export { assignItems, type DrawOptions, drawItems, type LabelSampling, orderFor } from './labels/draw-labels.ts';
export { type ImportedLabels, type ImportOptions, importLabels } from './labels/import-labels.ts';
export { type LabelItem, labelItems } from './labels/label-items.ts';
export { labelsCsv, type SheetOptions, writeFileAt, writeLabelSheet } from './labels/label-sheet.ts';
export { readLabels } from './labels/label-store.ts';
export { type MergedRun, type MergeOptions, mergeRuns } from './merge/merge-runs.ts';
export { fitLogisticRegression, type LogisticModel, type LogisticOptions } from './metrics/logistic-regression.ts';
export { deliveredStatuses } from './pacing/meter.ts';
export { assumedBytes } from './plan/count-plan.ts';
export { type EstimatedPart, estimatePlan, type PlanEstimate } from './plan/estimate-plan.ts';
export { planRun } from './plan/plan-run.ts';
export type { PlanCounts, PlannedAuthentic, PlannedSample, RunPlan } from './plan/run-plan.ts';
export { sampleSeed } from './plan/seeds.ts';
export { parseShard, type Shard, shardOfName, shardPlan } from './plan/shard-plan.ts';
export type { Environment, WeightsSource } from './plugins/check-needs.ts';
export type { LoadPluginsOptions } from './plugins/load-options.ts';
export { loadPlugins, type PluginProblem } from './plugins/load-plugins.ts';
export type {
  LoadedDetector,
  LoadedGenerator,
  LoadedJudge,
  LoadedPlugin,
  LoadedPromptRater,
  LoadedStudy,
} from './plugins/loaded-study.ts';
export { type FoundPlugin, type PluginRegistry, resolvePlugin } from './plugins/resolve-plugin.ts';
export { currentLabels } from './records/current-labels.ts';
export { recordKey } from './records/record-key.ts';
export { type AnalyseOptions, analyse } from './report/analyse.ts';
export { type Headline, type Overview, overviewOf } from './report/claims/overview.ts';
export { type ReportModel, reportModelSchema } from './report/report-model.ts';
export type { ShownSection } from './report/section.ts';
export type { Table } from './report/table.ts';
export { type Verification, verifyRun } from './report/verify-run.ts';
export { type HtmlRenderer, type ReportAssets, type WrittenReport, writeReport } from './report/write-report.ts';
export { type ReportFormat, reportFormats } from './report/writers/writers.ts';
export { type CheckImagesOptions, checkImages, imagesChanged } from './run/check-images.ts';
export type { RunSummary } from './run/execute-run.ts';
export { readManifest, studyDigest, studyFromManifest } from './run/manifest.ts';
export { type ListedRun, listRuns, openRun, type Run, type RunImage } from './run/open-run.ts';
export type { FailedPart, OnRunEvent, Phase, RunEvent } from './run/progress.ts';
export { type FileScores, type ScoreFilesOptions, scoreFiles } from './run/score-files.ts';
export {
  type ExtendOptions,
  extendRun,
  type LoadAgain,
  newRunId,
  type ResumeOptions,
  resumeRun,
  type StartOptions,
  startRun,
} from './run/start-run.ts';
export { type ScorerOptions, studyOfScorers } from './run/study-of-scorers.ts';
export { createImageStore, type ImageRef, type ImageStore } from './store/image-store.ts';
export { checkClaim, missingForClaim } from './study/claim-needs.ts';
export { loadStudy, parseStudyValue, type StudyFile } from './study/load-study.ts';
export { canonicalJson, sha256Hex } from './text/canonical-json.ts';
export { codeOfReason } from './text/describe-error.ts';
export { shellQuoted } from './text/shell-quoted.ts';
export { systemFault } from './text/system-fault.ts';
export { diptychVersion } from './version.ts';
export { type Licences, openLicences, termsOf } from './weights/licences.ts';
export { parseWeightsSource, type WeightsOrigin } from './weights/parse-source.ts';
export {
  openWeightsStore,
  type WeightsProgress,
  type WeightsStatus,
  type WeightsStore,
  type WeightsStoreOptions,
} from './weights/weights-store.ts';
