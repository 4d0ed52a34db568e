/** `diptych study CLAIM`: one claim of the study behind Diptych, from a study file to the report with that claim's section. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkClaim, loadStudy, newRunId } from '@diptych/core';
import { type ClaimName, claimNames, DiptychError } from '@diptych/plugin-kit';
import { note } from '../output/result.ts';
import { type RunOptions, runStudy } from '../run-study.ts';

interface StudyCommandOptions extends RunOptions {
  readonly runs: string;
  readonly id?: string;
}

export default async function study(name: string, file: string | undefined, options: StudyCommandOptions): Promise<void> {
  const claim = claimOf(name);
  const template = fileURLToPath(new URL(`../../templates/${claim}.yaml`, import.meta.url));
  const { study, baseFolder } = await loadStudy(file ?? template);
  if (!file && !options.json)
    note(
      `No study file given: running the template over simulated generators. \`diptych init --template ${claim}\` writes it.`,
    );
  const id = options.id ?? newRunId(study.name);
  await runStudy({
    study: { ...study, claims: [claim] },
    baseFolder: file ? baseFolder : process.cwd(),
    runFolder: join(options.runs, id),
    id,
    options,
    check: (loaded, plan) => checkClaim(claim, loaded, plan),
  });
}

function claimOf(name: string): ClaimName {
  const claim = claimNames.find((known) => known === name);
  if (claim) return claim;
  throw new DiptychError(
    'USAGE',
    `Expected a claim, one of ${claimNames.join(', ')}, received "${name}". Name one of them.`,
  );
}
