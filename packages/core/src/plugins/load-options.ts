/** What plugins are loaded from and with. */
import type { Runtime, Study } from '@diptych/plugin-kit';
import type { Environment, WeightsSource } from './check-needs.ts';
import type { PluginRegistry } from './resolve-plugin.ts';

export interface LoadPluginsOptions {
  readonly study: Study;
  readonly baseFolder: string;
  readonly registry: PluginRegistry;
  /** Opened once, only when some plugin needs it; disposed with the study. */
  readonly runtime?: () => Promise<Runtime>;
  readonly weightsStore?: WeightsSource;
  readonly environment?: Environment;
  /**
   * `plan`: fetches no weights. A generator, judge, detector, rewriter or rater whose weights are missing is not created;
   * it can be counted and not called. Default `run`.
   */
  readonly purpose?: 'run' | 'plan';
  /** Most that `create` of a plugin may take; half an hour where absent, since workers load tens of gigabytes. */
  readonly createTimeoutMs?: number;
  readonly hooks?: { log?(level: 'debug' | 'warn', plugin: string, message: string): void };
}
