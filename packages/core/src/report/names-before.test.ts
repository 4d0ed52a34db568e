import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nullRates, plantedRun } from '../testing/planted-run.ts';
import { nameToday } from './names-before.ts';
import type { ReportModel } from './report-model.ts';
import { verifyRun } from './verify-run.ts';
import { writeReport } from './write-report.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diptych-names-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const planted = plantedRun({ prompts: 12, samplesPerPrompt: 1, authenticImages: 12, seed: 1, rates: nullRates });
const run = () => ({
  folder,
  manifest: planted.manifest,
  records: () => planted.records,
  findImage: async (sha256: string) => {
    throw new DiptychError('IMAGE_MISSING', `Expected image ${sha256}, found none.`);
  },
});

/** The same report as version 2 wrote it. */
function asVersion2(model: ReportModel): object {
  const {
    cost,
    promptSets,
    overRefusal,
    filters,
    languages,
    gender,
    coverage,
    robustness,
    heldOut,
    transfer,
    joint,
    ...rest
  } = model;
  const isSinceThen = (name: string): boolean => name.includes('/recall-at-5.') && name.startsWith('audit/');
  return {
    ...rest,
    version: 2,
    claims: model.claims.map(({ id, claim, subject, verdict, text, test }) => ({ id, claim, subject, verdict, text, test })),
    audits: model.audits.map((audit) => ({
      ...audit,
      families: audit.families.map(({ family, auroc }) => ({ family, auroc })),
    })),
    numbers: Object.fromEntries(Object.entries(model.numbers).filter(([name]) => !isSinceThen(name))),
    summary: { ...model.summary, cost },
    unsafe: { ...model.unsafe, promptSets, overRefusal, mitigations: filters, languages, genders: gender, coverage },
    corruption: {
      ...model.corruption,
      judges: model.corruption.judges.map(({ counterparts, ...judge }) => ({ ...judge, twins: counterparts })),
    },
    robustness: robustness.rows,
    robustnessNotes: robustness.notes,
    generalisation: { seen: heldOut.seen, heldOut: heldOut.rows, transfers: transfer, notes: heldOut.notes },
    joint: joint.rows,
    jointDifferences: joint.differences,
  };
}

async function writeVersion2(change: (text: string) => string = (text) => text): Promise<void> {
  const { model } = await writeReport(run());
  await writeFile(join(folder, 'report/metrics.json'), change(JSON.stringify(asVersion2(model))));
}

it('lets a report of version 2 be verified, sentences in other words included', async () => {
  await writeVersion2((text) =>
    text.replace('The data do not support the claim.', 'The claim finds no support in the data.'),
  );
  const text = await readFile(join(folder, 'report/metrics.json'), 'utf8');
  expect(text).toContain('The claim finds no support in the data.');
  expect((await verifyRun(run())).compared).toBeGreaterThan(500);
});

it.each([
  ['a number', /("count":)\d+/, '$19999'],
  ['a verdict', /"verdict":"not supported"/, '"verdict":"supported"'],
])('still finds a change of %s in it', async (_, pattern, replacement) => {
  await writeVersion2((text) => text.replace(pattern, replacement));
  await expect(verifyRun(run())).rejects.toMatchObject({ code: 'VERIFY_MISMATCH' });
});

it('refuses a version that it does not know', async () => {
  for (const version of [1, 4]) {
    await writeVersion2((text) => text.replace('"version":2', `"version":${version}`));
    await expect(verifyRun(run())).rejects.toMatchObject({ code: 'REPORT_INVALID' });
  }
});

it('renames paths and leaves ids as they are, since random numbers derive from ids', () => {
  expect(nameToday('corruption/emblem/twins/family:mllm/difference.difference', 2)).toBe(
    'corruption/emblem/twins/family:mllm/difference.difference',
  );
  expect(nameToday('corruption/emblem.twins.reason', 2)).toBe('corruption/emblem.counterparts.reason');
  expect(nameToday('corruption/emblem.twins.reason', 3)).toBe('corruption/emblem.twins.reason');
});
