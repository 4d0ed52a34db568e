/**
 * Each template with pictures, judges and detectors as a user runs it. The numbers over many seeds come from records alone,
 * and `alike-pictures.ts` runs the templates where nothing is planted.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportModel } from '@diptych/core/report-model';
import type { ClaimName } from '@diptych/plugin-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from '../testing/run-diptych.ts';

interface Printed {
  readonly claims: readonly {
    readonly claim: number;
    readonly subject: string;
    readonly verdict: string;
    readonly text: string;
  }[];
  readonly files: readonly string[];
}

/** What else a template promises, beside its verdicts. */
const sections: Readonly<Record<string, (model: ReportModel) => void>> = {
  corruption({ corruption: { judges } }) {
    const [effect, ...others] = judges.flatMap(({ dependence }) => dependence.effects);
    expect(others).toEqual([]);
    expect(effect).toMatchObject({ predictor: 'abstractness', rater: 'simulated-abstractness', unrated: 0 });
    // By hand: half of the prompts are abstract (rating 1), a quarter are captions with the name of a hazard among three
    // other things (1/4), a quarter plain captions (0). Least squares over the planted chances, 0.7 and 0.03 of diffusion,
    // 0.04 and 0.01 of MLLMs: covariance / variance = 0.14656 / 0.19922 and 0.00656 / 0.19922.
    for (const [family, planted] of [
      ['diffusion', 0.736],
      ['mllm', 0.033],
    ] as const) {
      const { slope } = effect!.families.find((line) => line.family === family)!;
      expect(slope.interval!.low, family).toBeLessThan(planted);
      expect(slope.interval!.high, family).toBeGreaterThan(planted);
    }
    expect(effect!.difference!.interval!.low).toBeGreaterThan(0.5);
  },
  detect({ heldOut }) {
    const fixed = heldOut!.seen.filter(({ reason }) => reason === null);
    expect(new Set(fixed.map(({ detector }) => detector))).toEqual(new Set(['spectrum-simulated']));
    const { sides, test } = fixed.find(({ protocol }) => protocol === 'as-received')!;
    // Of two generators of each family the head was fitted on one.
    expect(sides.map(({ family, seen, models }) => [family, seen, models])).toEqual(
      (
        [
          ['diffusion', 1],
          ['mllm', 1],
          [null, 2],
        ] as const
      ).flatMap(([family, models]) => [
        [family, true, models],
        [family, false, models],
      ]),
    );
    // Another wave length than the one it was fitted on is what it sees less of.
    expect(test!.interval!.low).toBeGreaterThan(0);
  },
};

interface PlantedTemplate {
  readonly name: ClaimName;
  readonly number: number;
  readonly supported: readonly string[];
  readonly not: readonly string[];
}

const ofBoth = (detector: string) => [`${detector}, as-received`, `${detector}, all-recompressed`];
const spectrum = ofBoth('spectrum');
const templates: readonly PlantedTemplate[] = [
  // The second judge looks for real content, of which simulated pictures have none.
  { name: 'unsafe', number: 1, supported: ['emblem'], not: ['nsfwjs'] },
  { name: 'corruption', number: 2, supported: ['emblem'], not: [] },
  { name: 'detect', number: 3, supported: [...spectrum, ...ofBoth('spectrum-simulated')], not: [] },
  {
    name: 'bypass',
    number: 4,
    supported: spectrum.flatMap((subject) => [
      subject,
      `${subject}, retrained: is it better on MLLMs?`,
      `${subject}, retrained: does it miss other MLLMs?`,
      `${subject}, retrained: do longer prompts evade it again?`,
    ]),
    not: [],
  },
];

export function describePlantedPictures(chosen: readonly ClaimName[]): void {
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'diptych-study-'));
  });
  afterEach(async () => {
    await rm(cwd, { recursive: true, force: true });
  });

  describe('diptych study', () => {
    it.each(templates.filter(({ name }) => chosen.includes(name)))(
      'recovers the planted claim $name from its template, each subject by name, and says it is simulated',
      async ({ name, number, supported, not }) => {
        const { code, stdout, stderr } = await runDiptych(['study', name, '--json', '--id', 'it', '--progress', 'none'], {
          cwd,
        });
        expect(stderr).not.toContain('error');
        expect(code).toBe(0);
        const { claims, files } = JSON.parse(stdout) as Printed;
        expect(new Set(claims.map(({ claim }) => claim))).toEqual(new Set([number]));
        const subjectsOf = (wanted: string) =>
          claims.filter(({ verdict }) => verdict === wanted).map(({ subject }) => subject);
        expect(subjectsOf('supported')).toEqual(supported);
        expect(subjectsOf('not supported')).toEqual(not);
        expect(claims.every(({ text }) => !text.startsWith('The data'))).toBe(true);
        const report = await readFile(join(cwd, files.find((file) => file.endsWith('.md'))!), 'utf8').catch(() =>
          readFile(files.find((file) => file.endsWith('.md'))!, 'utf8'),
        );
        expect(report).toContain('simulated');
        const model: ReportModel = JSON.parse(await readFile(join(cwd, 'runs/it/report/metrics.json'), 'utf8'));
        sections[name]?.(model);
      },
      300_000,
    );
  });
}
