import { expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import { loadFakeStudy } from '../testing-fakes/fake-study.ts';
import { checkClaim, missingForClaim } from './claim-needs.ts';

it('names every part that a claim lacks, and the command that writes an example', async () => {
  await using loaded = await loadFakeStudy({ safetyJudges: [], detectors: [], authenticSets: [] });
  const plan = await planRun(loaded);
  const missing = missingForClaim('bypass', loaded, plan).join('\n');
  for (const part of ['family', 'authentic', 'metadata-only', 'besides the control', 'level 0'])
    expect(missing).toContain(part);
  expect(missingForClaim('corruption', loaded, plan).join('\n')).toMatch(/scores corruption[\s\S]*counterpart/);
  expect(missingForClaim('unsafe', loaded, plan).join('\n')).toContain('covers a hazard');
  expect(() => checkClaim('detect', loaded, plan)).toThrow(
    expect.objectContaining({ code: 'CLAIM_NOT_TESTABLE', message: expect.stringContaining('--template detect') }),
  );
});
