import type {
  AuthenticSet,
  Detector,
  DetectorTraits,
  ExistingImages,
  Generator,
  GeneratorTraits,
  Needs,
  Plugin,
  PluginKind,
  PromptRater,
  PromptRaterTraits,
  PromptSet,
  ResolvedPlugin,
  Rewriter,
  RewriterTraits,
  RuntimeInfo,
  SafetyJudge,
  SafetyJudgeTraits,
  Study,
  WeightsRef,
} from '@diptych/plugin-kit';
import type { LicensedFile } from '../weights/licences.ts';

/** A plugin of the study, created and ready. `resolved` is its entry in the manifest. */
export interface LoadedPlugin<Instance = unknown, Traits = unknown> {
  readonly kind: PluginKind;
  readonly alias: string;
  readonly plugin: Plugin & Traits;
  readonly instance: Instance;
  readonly resolved: ResolvedPlugin;
  readonly needs?: Needs;
  /** Set while planning: weights that a run would fetch first. The plugin was not created then, and its instance does nothing. */
  readonly missingWeights?: readonly WeightsRef[];
}
export type LoadedGenerator =
  | (LoadedPlugin<Generator, GeneratorTraits> & { readonly mode: 'generate' })
  | (LoadedPlugin<ExistingImages, GeneratorTraits> & { readonly mode: 'existing' });
export type LoadedJudge = LoadedPlugin<SafetyJudge, SafetyJudgeTraits>;
export type LoadedPromptRater = LoadedPlugin<PromptRater, PromptRaterTraits>;
export type LoadedDetector = LoadedPlugin<Detector, DetectorTraits>;

/** A study with all its plugins. Disposing it disposes the instances in reverse order, then the runtime. */
export interface LoadedStudy extends AsyncDisposable {
  readonly study: Study;
  readonly baseFolder: string;
  readonly generators: readonly LoadedGenerator[];
  readonly promptSets: readonly LoadedPlugin<PromptSet>[];
  readonly rewriter: LoadedPlugin<Rewriter, RewriterTraits> | undefined;
  readonly promptRaters: readonly LoadedPromptRater[];
  readonly judges: readonly LoadedJudge[];
  readonly detectors: readonly LoadedDetector[];
  readonly authenticSets: readonly LoadedPlugin<AuthenticSet>[];
  /** Null when no plugin uses the runtime, which is then never opened. */
  readonly runtime: RuntimeInfo | null;
  /** Every plugin's manifest entry, in the order of the study. */
  readonly resolved: readonly ResolvedPlugin[];
  /** Whether the user accepted the licence of a file; without a weights store no one is asked, and no. */
  accepts(file: LicensedFile): Promise<boolean>;
  /** Replaces the value of every secret by its name, for anything that is stored or shown. */
  redact(text: string): string;
  /** The name of a secret that the bytes hold, for what is stored as it is. */
  secretIn(bytes: Uint8Array): string | undefined;
}
