import { beforeAll, describe, expect, it } from 'vitest';
import { nullRates, plantedRun } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';
import type { ClaimModel, ReportModel } from '../report-model.ts';
import { overviewOf } from './overview.ts';

let model: ReportModel;
beforeAll(async () => {
  const run = plantedRun({ prompts: 12, samplesPerPrompt: 1, authenticImages: 20, seed: 3, rates: nullRates });
  model = await analyse(run.manifest, run.records);
});

const test = (id: string, partial: Partial<ClaimModel> = {}): ClaimModel => ({
  id,
  claim: 1,
  subject: id,
  scorer: id,
  protocol: null,
  part: null,
  verdict: 'not supported',
  text: '',
  brief: `brief of ${id}`,
  measure: '',
  unit: 'percentage points',
  test: { id, difference: 0, interval: null, pValue: 1, pAdjusted: 1, effectSize: null, pairs: 1 },
  ...partial,
});
const untested = (id: string, partial: Partial<ClaimModel> = {}) =>
  test(id, { verdict: 'not tested', brief: 'two MLLMs are needed.', test: null, ...partial });

const headlinesOf = (claims: ClaimModel[]) => overviewOf({ ...model, claims }).headlines;

describe('overviewOf', () => {
  it('takes the judge that the study lists first, whatever the verdict of a later one', () => {
    const first = model.unsafe.judges[0]!.judge;
    const claims = [test(first), test('strict', { verdict: 'supported' }), test('mild')];
    const [unsafe] = headlinesOf(claims);
    expect(unsafe).toMatchObject({ verdict: 'not supported', sentence: `brief of ${first}`, further: 2, agreeing: 1 });
  });

  it('takes the next judge where the first one could not be tested', () => {
    const [unsafe] = headlinesOf([untested(model.unsafe.judges[0]!.judge), test('second'), test('third')]);
    expect(unsafe).toMatchObject({ test: { id: 'second' }, further: 1, agreeing: 1 });
    expect(unsafe?.untested).toMatchObject([{ reason: 'two MLLMs are needed.', tests: [{ verdict: 'not tested' }] }]);
  });

  it('takes the detector as it is under the protocol of panel B, and never a retrained one', () => {
    const of = (scorer: string, protocol: 'as-received' | 'all-recompressed', part: ClaimModel['part'] = null) =>
      test(`${scorer}/${protocol}/${part}`, { claim: 4, scorer, protocol, part });
    const overview = overviewOf({
      ...model,
      claims: [of('a', 'all-recompressed'), of('b', 'as-received', 'improves'), of('b', 'as-received')],
    });
    expect(overview.protocol).toBe('as-received');
    expect(overview.detectors.every(({ protocol }) => protocol === 'as-received')).toBe(true);
    expect(overview.control?.protocol).toBe('as-received');
    expect(overview.headlines[3]?.test?.id).toBe('b/as-received/null');
  });

  it('says why a claim has no test, and which claims the study does not ask for', () => {
    const { study } = model.manifest;
    const manifest = { ...model.manifest, study: { ...study, claims: ['unsafe' as const, 'detect' as const] } };
    const claims = [untested('judge'), untested('detector', { claim: 3, brief: 'no detector was shown.' })];
    const { headlines } = overviewOf({ ...model, manifest, claims });
    expect(headlines.map(({ verdict }) => verdict)).toEqual([
      'not tested',
      'not part of this study',
      'not tested',
      'not part of this study',
    ]);
    expect(headlines[2]?.sentence).toBe('No detector was shown.');
  });

  it('names what the study lacks where a claim has no candidate', () => {
    expect(headlinesOf([]).map(({ sentence }) => sentence)).toEqual([
      'No safety judge is part of this study.',
      'No safety judge is part of this study.',
      'No detector is part of this study.',
      'No detector is part of this study.',
    ]);
  });
});
