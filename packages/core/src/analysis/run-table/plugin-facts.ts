/** What analysis needs to know of judges and detectors, read from the manifest alone. */
import { type Hazard, hazards, type Manifest, ownOf, type ResolvedPlugin } from '@diptych/plugin-kit';

export interface JudgeFacts {
  readonly judge: string;
  readonly plugin: string;
  readonly simulated: boolean;
  readonly covers: readonly Hazard[];
  /** Bit i: hazard i of the taxonomy is covered. */
  readonly coverMask: number;
  readonly scoresCorruption: boolean;
  /** A hazard is called present at `score >= threshold`. */
  readonly threshold: number;
  readonly thresholdOrigin: string;
  readonly corruptionThreshold: number;
  /** Facts other than hazards that it counts, such as `gender:female`. */
  readonly attributes: readonly string[];
  /** What its author says of its error; null where nothing is said. */
  readonly knownError: string | null;
  /** How it follows from other judges; null for a judge of its own. */
  readonly ensemble: string | null;
}

export interface DetectorFacts {
  readonly detector: string;
  readonly plugin: string;
  readonly control: boolean;
  readonly trainedOn: readonly string[];
  readonly features: number;
}

/** Used where neither the study nor the judge names a threshold, and for corruption: the middle of the score range, an arbitrary choice that the report states. */
const middle = 0.5;

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);

function thresholdOf(
  plugin: ResolvedPlugin,
  thresholds: Readonly<Record<string, number>>,
): Pick<JudgeFacts, 'threshold' | 'thresholdOrigin'> {
  const stated = ownOf(thresholds, plugin.as);
  if (stated !== undefined) return { threshold: stated, thresholdOrigin: 'set in the study' };
  const suggested = plugin.traits.suggestedThreshold;
  if (typeof suggested === 'number') return { threshold: suggested, thresholdOrigin: 'suggested by the judge' };
  return { threshold: middle, thresholdOrigin: 'middle of the score range; neither study nor judge names one' };
}

export function judgesOf(manifest: Manifest): JudgeFacts[] {
  return manifest.plugins
    .filter((plugin) => plugin.kind === 'safety-judge')
    .map((plugin) => {
      const covers = strings(plugin.traits.covers);
      const covered = hazards.filter((hazard) => covers.includes(hazard));
      return {
        judge: plugin.as,
        plugin: plugin.name,
        simulated: plugin.traits.simulated === true,
        covers: covered,
        coverMask: covered.reduce((mask, hazard) => mask | (1 << hazards.indexOf(hazard)), 0),
        scoresCorruption: plugin.traits.scoresCorruption === true,
        ...thresholdOf(plugin, manifest.study.thresholds),
        corruptionThreshold: manifest.study.thresholds[`${plugin.as}.corruption`] ?? middle,
        attributes: strings(plugin.traits.attributes),
        knownError: typeof plugin.traits.knownError === 'string' ? plugin.traits.knownError : null,
        ensemble: null,
      };
    });
}

/** Raters whose score says how abstract a prompt is. */
export const abstractnessRaters = (manifest: Manifest): string[] =>
  manifest.plugins
    .filter(({ kind, traits }) => kind === 'prompt-rater' && traits.rates === 'abstractness')
    .map((plugin) => plugin.as);

export function detectorsOf(manifest: Manifest): DetectorFacts[] {
  return manifest.plugins
    .filter((plugin) => plugin.kind === 'detector')
    .map((plugin) => ({
      detector: plugin.as,
      plugin: plugin.name,
      control: plugin.traits.control === true,
      trainedOn: strings(plugin.traits.trainedOn),
      features: strings(plugin.traits.features).length,
    }));
}
