/**
 * Runs of the four study templates without pictures: what the simulated generators decide (hazards, corruption, strength
 * of the trace) becomes records directly, so that a claim can be planted, or not, and looked for over hundreds of seeds.
 * Everything from the records on is the code of a real run. `picture-runs.test.ts` runs the same templates with pictures.
 */
import { fileURLToPath } from 'node:url';
import { loadPlugins, loadStudy, type PlannedSample, planRun, type RunPlan } from '@diptych/core';
import {
  type Hazard,
  hazards,
  type JournalRecord,
  type Manifest,
  manifestSchema,
  type Rewriter,
  type Study,
  studySchema,
} from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { type Decision, decide, type SimulationOptions } from '@diptych/plugins/simulated';
import { behaving, type Scenario, templateOf } from './scenarios.ts';

/** Pairs of prompts of a run: fewer than the templates', so that hundreds of runs take a minute. */
const pairs = 24;

export async function simulatedRun(
  scenario: Scenario,
  seed: number,
): Promise<{ manifest: Manifest; records: JournalRecord[] }> {
  const study = await studyOf(scenario, seed);
  await using loaded = await loadPlugins({ study: { ...study, detectors: [] }, baseFolder: '.', registry });
  const plan = await planRun(loaded);
  const records: JournalRecord[] = [];
  for (let index = 0; index < plan.samples; index++) {
    const sample = plan.sampleAt(index);
    records.push(...recordsOf(sample, await textOf(sample, loaded.rewriter?.instance), study));
  }
  for (const { index, set } of plan.authentic) records.push(...authenticRecords(index, set, study));
  return { manifest: manifestOf(study, plan), records };
}

async function studyOf(scenario: Scenario, seed: number): Promise<Study> {
  const { claim } = scenario;
  const template = await loadStudy(fileURLToPath(templateOf(claim)));
  const study = behaving(template.study, scenario);
  return {
    ...study,
    seed,
    claims: [claim],
    // No pictures, hence no judge that looks at them, and no perturbation.
    mitigations: [],
    safetyJudges: [{ use: 'emblem', options: {} }],
    protocols: ['as-received'],
    promptSets: study.promptSets.map((use) => ({ ...use, options: { ...use.options, seed, pairs } })),
    generators: study.generators.map((use) => ({
      ...use,
      options: { ...use.options, variant: `${use.as ?? ''}${seed}` },
    })),
  };
}

async function textOf({ prompt, level }: PlannedSample, rewriter: Rewriter | undefined): Promise<string> {
  let text = prompt.text;
  for (let step = 1; step <= level; step++)
    text = (await rewriter!.rewrite(prompt, text, step, new AbortController().signal)).text;
  return text;
}

function recordsOf(planned: PlannedSample, text: string, study: Study): JournalRecord[] {
  const { index, generator, prompt, level, seed, cluster, promptSet } = planned;
  const options = generator.resolved.options as unknown as SimulationOptions;
  const request = {
    promptId: prompt.id,
    prompt: text,
    level,
    seed,
    index: planned.sampleIndex,
    hazards: prompt.hazards,
    intent: prompt.intent,
  };
  const decision = decide(generator.plugin.name, request, options);
  const sample = {
    type: 'sample' as const,
    index,
    generator: generator.alias,
    model: generator.alias,
    family: generator.plugin.family as 'diffusion' | 'mllm',
    decoder: 'pixel' as const,
    simulated: true,
    promptSet,
    promptId: prompt.id,
    cluster,
    hazards: prompt.hazards,
    intent: prompt.intent,
    ...(prompt.pairId ? { pairId: prompt.pairId } : {}),
    language: prompt.language,
    prompt: text,
    level,
    seed,
    attempts: 1,
    durationMs: 1,
  };
  if (decision.without) {
    const { outcome } = decision.without as { outcome: 'refused' | 'blocked' | 'empty' };
    return [{ ...sample, outcome, reason: 'simulated', ...(outcome === 'blocked' ? { stage: 'output' as const } : {}) }];
  }
  const image = imageOf(index);
  return [
    { ...sample, outcome: 'image', image },
    verdictOf(index, decision),
    ...detections('synthetic', index, measure(decision, options.tracePeriod), study),
  ];
}

type Shown = Exclude<Decision, { without: { outcome: string } }>;

const verdictOf = (index: number, { hazards: shown, corrupted }: Shown): JournalRecord => ({
  type: 'verdict',
  judge: 'emblem',
  index,
  status: 'scored',
  hazardScores: Object.fromEntries(
    hazards.map((hazard): [Hazard, number] => [hazard, shown.includes(hazard) ? 0.95 : 0.02]),
  ),
  corruptionScore: corrupted ? 0.97 : 0.03,
});

/** Wave lengths that a detector could look for: one feature each. */
const periods = [4, 6, 8] as const;
const noiseDeviation = 0.5;

/** Strength of the trace at each wave length as a noisy measurement would give it. */
function measure({ traceAmplitude, random }: Pick<Shown, 'traceAmplitude' | 'random'>, period: number): number[] {
  return periods.map((own) => (own === period ? traceAmplitude : 0) + noiseDeviation * normal(random));
}

const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function detections(side: 'synthetic' | 'authentic', index: number, features: number[], study: Study): JournalRecord[] {
  if (study.detectors.length === 0) return [];
  const base = { type: 'detection' as const, protocol: 'as-received' as const, side, index, status: 'features' as const };
  // The control sees nothing: every picture has the same format.
  return [
    { ...base, detector: 'spectrum', features },
    { ...base, detector: 'metadata-only', features: [Math.abs(Math.sin(index * 12.9898 + (side === 'authentic' ? 7 : 0)))] },
  ];
}

function authenticRecords(index: number, set: string, study: Study): JournalRecord[] {
  let state = Math.imul(study.seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b);
  const random = (): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  const key = `photo-${index}`;
  return [
    { type: 'authentic', index, set, key, cluster: `${set}/${key}`, licence: 'Apache-2.0', image: imageOf(1e6 + index) },
    ...detections('authentic', index, measure({ traceAmplitude: 0, random }, 0), study),
  ];
}

const imageOf = (number: number) => ({
  sha256: number.toString(16).padStart(64, '0'),
  info: {
    container: 'png' as const,
    width: 256,
    height: 256,
    channels: 3,
    bitsPerChannel: 8,
    hasAlpha: false,
    hasProfile: false,
    hasExif: false,
    hasC2pa: false,
    orientation: 1,
    frames: 1,
    sizeBytes: 100_000,
  },
});

function manifestOf(study: Study, plan: RunPlan): Manifest {
  const detector = (as: string, features: readonly string[], control: boolean) => ({
    kind: 'detector' as const,
    name: as,
    as,
    module: 'built-in',
    packageVersion: '0.1.0',
    apiVersion: 1,
    options: {},
    weights: [],
    traits: { trainedOn: [], control, features },
  });
  const detectors =
    study.detectors.length === 0
      ? []
      : [
          detector(
            'spectrum',
            periods.map((period) => `period-${period}`),
            false,
          ),
          detector('metadata-only', ['file'], true),
        ];
  return manifestSchema.parse({
    format: 2,
    id: 'simulation',
    createdAt: '2026-01-01T00:00:00Z',
    diptych: '0.1.0',
    node: process.version,
    platform: 'any',
    study: studySchema.parse(study),
    studyDigest: '0'.repeat(64),
    plugins: [...plan.plugins, ...detectors],
    runtime: null,
    planned: { samples: plan.samples, authentic: plan.authentic.length },
  });
}
