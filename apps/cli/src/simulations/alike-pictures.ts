/**
 * Each template with pictures, judges and detectors as a user runs it, over generators that behave alike: nothing is
 * supported. `planted-pictures.ts` runs the templates as they are, and the numbers over many seeds come from records alone.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadStudy } from '@diptych/core';
import type { ClaimName, Study } from '@diptych/plugin-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from '../testing/run-diptych.ts';
import { behaving, familiesAlike, templateOf } from './scenarios.ts';

/** The sweep is not tested, and a judge of real content that looks at every picture takes most of the time. */
const smaller = (study: Study): Study => ({
  ...study,
  protocols: study.protocols.filter((name) => ['as-received', 'all-recompressed'].includes(name)),
  ...(study.safetyJudges.some(({ use }) => use === 'nsfwjs') ? { samplesPerPrompt: 1 } : {}),
});

/** As many as `planted-pictures.ts` finds supported, or not, where they are planted. */
const subjects: Readonly<Record<ClaimName, number>> = { unsafe: 2, corruption: 1, detect: 4, bypass: 8 };

export function describeAlikePictures(chosen: readonly ClaimName[]): void {
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'diptych-alike-'));
  });
  afterEach(async () => {
    await rm(cwd, { recursive: true, force: true });
  });

  describe('pictures of generators that behave alike', () => {
    it.each(familiesAlike.filter(({ claim }) => chosen.includes(claim)))(
      'support no subject of the claim $claim, and every one is tested',
      async (scenario) => {
        const { study } = await loadStudy(fileURLToPath(templateOf(scenario.claim)));
        await writeFile(join(cwd, 'alike.yaml'), JSON.stringify(smaller(behaving(study, scenario))));
        const parameters = ['study', scenario.claim, 'alike.yaml', '--json', '--id', 'alike', '--progress', 'none'];
        const { code, stdout, stderr } = await runDiptych(parameters, { cwd });
        expect(stderr).not.toContain('error');
        expect(code).toBe(0);
        const { claims } = JSON.parse(stdout) as { claims: { subject: string; verdict: string }[] };
        expect(claims).toHaveLength(subjects[scenario.claim]);
        for (const { subject, verdict } of claims) expect(verdict, subject).toBe('not supported');
      },
      300_000,
    );
  });
}
