import { describe, expect, it } from 'vitest';
import { evenTraces, plantedDetection } from '../../testing/planted-detection.ts';
import { analyse } from '../analyse.ts';
import type { ReportModel } from '../report-model.ts';

const analysed = ({ diffusion, mllm }: { diffusion: number; mllm: number }, options = {}): Promise<ReportModel> => {
  const scores = { diffusion: 0.75, mllm: 0.75, authentic: 0.4 };
  const traces = { ...evenTraces, fall: { diffusion, mllm }, scores };
  const run = plantedDetection({ prompts: 50, authenticImages: 60, seed: 7, levels: [0, 1, 2], traces, ...options });
  return analyse(run.manifest, run.records);
};
const claimOf = ({ claims }: ReportModel) => claims.find(({ id }) => id === 'claim-4/scored/as-received')!;
const armOf = ({ bypass }: ReportModel) =>
  bypass.arms.find(({ detector, retrainedOn }) => detector === 'scored' && retrainedOn === null)!;
const slopeOf = (model: ReportModel, family: string) =>
  armOf(model).slopes.find((row) => row.family === family && row.kind === 'family' && row.predictor === 'level')!;
const contrastOf = (model: ReportModel) => armOf(model).slopeDifferences.find(({ predictor }) => predictor === 'level')!;

describe('claim 4 on a detector as it is', { timeout: 60_000 }, () => {
  it('is supported where MLLM images alone fall, by the larger of two p-values', async () => {
    const model = await analysed({ diffusion: 0, mllm: 0.3 });
    const { verdict, test } = claimOf(model);
    expect(verdict).toBe('supported');
    expect(test!.pValue).toBe(Math.max(slopeOf(model, 'mllm').pValue!, contrastOf(model).pValue!));
  });

  it('is not supported where both families fall alike, whatever the slope on MLLM images', async () => {
    const model = await analysed({ diffusion: 0.3, mllm: 0.3 });
    const { verdict, text, test } = claimOf(model);
    expect(slopeOf(model, 'mllm').interval!.high).toBeLessThan(0);
    expect(slopeOf(model, 'mllm').pValue!).toBeLessThan(1e-4);
    expect(verdict).toBe('not supported');
    expect(test!.difference).toBeCloseTo(-contrastOf(model).difference, 12);
    expect(test!.pValue).toBe(contrastOf(model).pValue);
    expect(text).toContain('The claim needs both');
  });

  it('is not supported where diffusion images fall more, though both p-values are small', async () => {
    const model = await analysed({ diffusion: 0.45, mllm: 0.2 });
    const { verdict, test } = claimOf(model);
    expect(test!.pAdjusted!).toBeLessThan(0.05);
    expect(verdict).toBe('not supported');
  });

  it('is not supported where MLLM images keep their score and those of diffusion models gain', async () => {
    const model = await analysed({ diffusion: -0.3, mllm: 0 });
    expect(contrastOf(model).interval!.high).toBeLessThan(0);
    expect(claimOf(model).verdict).toBe('not supported');
    expect(claimOf(model).test!.pValue).toBe(slopeOf(model, 'mllm').pValue);
  });

  it('is not tested without a family to compare with, or where only one varies', async () => {
    const alone = await analysed({ diffusion: 0, mllm: 0.3 }, { generators: [{ generator: 'mllm-a', family: 'mllm' }] });
    expect(claimOf(alone)).toMatchObject({
      verdict: 'not tested',
      text: 'Not tested: the run has no samples of one of the two families.',
    });
    const few = await analysed({ diffusion: 0, mllm: 0.3 }, { prompts: 6 });
    expect(claimOf(few).text).toContain('do not vary over at least ten prompts of each family');
  });
});
