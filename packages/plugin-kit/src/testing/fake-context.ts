import type { PluginContext } from '../plugin.ts';
import type { Runtime } from '../runtime.ts';
import { limitsSchema } from '../study.ts';

/** What the plugin under test may use. */
export interface FakeContextOptions {
  readonly runtime?: Runtime;
  readonly weights?: Readonly<Record<string, Uint8Array>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly baseFolder?: string;
  /** The default of studies where absent. */
  readonly maxImageBytes?: number;
  readonly fetch?: typeof globalThis.fetch;
  /** Receives warnings; they are dropped where absent. */
  readonly warn?: (message: string) => void;
}

function absent(what: string): never {
  throw new Error(`The plugin used ${what}, which this test did not give to fakeContext. Give it, or do not use it.`);
}

/** A context for tests. What was not given throws when it is used, so that undeclared needs are noticed. */
export function fakeContext(options: FakeContextOptions = {}): PluginContext {
  const runtime: Runtime = options.runtime ?? {
    info: { backend: 'reference', adapter: 'none', rejected: [] },
    load: () => absent('context.runtime'),
    loadOnnx: () => absent('context.runtime'),
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    runtime,
    fetch: options.fetch ?? (async () => absent('context.fetch')),
    log: { debug: () => {}, warn: options.warn ?? (() => {}) },
    baseFolder: options.baseFolder ?? process.cwd(),
    maxImageBytes: options.maxImageBytes ?? limitsSchema.parse({}).maxImageBytes,
    secret: (name) => options.secrets?.[name] ?? absent(`the secret ${name}`),
    weights: async (name) => options.weights?.[name] ?? absent(`the weights "${name}"`),
  };
}
