/**
 * `diptych demo`: the whole path on simulated generators, without keys, GPU or files of the user's. It shows how
 * the harness works and nothing about any real model.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from '@diptych/core';
import { DiptychError, defineStudy, isDiptychError, studySchema } from '@diptych/plugin-kit';
import { note, type OutputOptions } from '../output/result.ts';
import { type RunOptions, runStudy } from '../run-study.ts';

const demoStudy = defineStudy({
  name: 'demo',
  description:
    'Two simulated generators, one of each family, with planted hazards, corruption and forensic traces. The pictures are procedural; no claim about any real model follows from them.',
  seed: 2603,
  samplesPerPrompt: 4,
  promptSets: ['demo'],
  generators: ['simulated-diffusion', 'simulated-mllm'],
  authenticSets: ['simulated-camera'],
  safetyJudges: ['emblem', 'nsfwjs'],
  detectors: ['metadata-only', 'spectrum'],
  protocols: ['as-received', 'all-recompressed'],
});

export default async function demo(options: OutputOptions & RunOptions & { readonly runs: string }): Promise<void> {
  const runFolder = join(options.runs, 'demo');
  await removeFormerDemo(runFolder);
  if (!options.json) note('Demo: two simulated generators (no real model), two judges, two detectors, two protocols.');
  await runStudy({
    study: studySchema.parse(demoStudy),
    baseFolder: process.cwd(),
    runFolder,
    id: 'demo',
    options,
  });
}

/** The demo is rebuilt from its seed each time; a run of the user's that happens to lie there is not ours to delete. */
async function removeFormerDemo(runFolder: string): Promise<void> {
  const manifest = await readManifest(runFolder).catch((error: unknown) => {
    // Nothing there, or a demo that was stopped before its manifest was written: the run starts in it as it is.
    if (isDiptychError(error) && error.code === 'RUN_NOT_FOUND') return undefined;
    throw error;
  });
  if (manifest === undefined) return;
  const { study } = manifest;
  if (study.name !== demoStudy.name) {
    throw new DiptychError(
      'RUN_EXISTS',
      `Expected no run or a former demo in ${runFolder}, found study ${study.name}. Pass --runs with another folder.`,
    );
  }
  await rm(runFolder, { recursive: true });
}
