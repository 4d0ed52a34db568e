import type { StudyInput } from '@diptych/plugin-kit';

export const killSamplesPerPrompt = 2;

/** 200 samples, 10 camera images, two scorers, two protocols: some 600 steps of progress, so that kills fall into every phase. */
export const killStudy = (callLog: string): StudyInput => ({
  name: 'kill',
  promptSets: [{ use: 'counted', options: { count: 50 } }],
  rewriter: 'longer',
  levels: [0, 1],
  samplesPerPrompt: killSamplesPerPrompt,
  generators: [{ use: 'fake', options: { behaviour: 'mixed', concurrency: 3, waitMs: 4, callLog } }],
  safetyJudges: [{ use: 'by-digest', options: { waitMs: 4 } }],
  detectors: [{ use: 'by-digest', options: { waitMs: 4 } }],
  authenticSets: [{ use: 'camera', options: { count: 10 } }],
  protocols: ['as-received', 'all-recompressed'],
  recompression: { size: 16 },
});
