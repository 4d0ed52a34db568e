/**
 * Writes docs/results/simulations.md from the simulations that the tests of this folder hold to their bounds:
 *
 *   node apps/cli/src/simulations/write-results.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus } from 'node:os';
import { besideTheClaim, familiesAlike, planted, type Scenario } from './scenarios.ts';
import { boundsOf, fewestFound, nullSeeds, plantedSeeds, type ScenarioTally, tallyScenario } from './tally.ts';

const bounds = boundsOf(nullSeeds);
const page = new URL('../../../../docs/results/simulations.md', import.meta.url);

function expectedOf(truth: Scenario['truths'][string], seeds: number): string {
  if (truth === 'found') return `supported in at least ${fewestFound * seeds}`;
  const most = `supported at most ${bounds.mostSupported}`;
  return truth === 'level'
    ? `rejected ${bounds.fewest} to ${bounds.most}, ${most}`
    : `rejected at most ${bounds.most}, ${most}; seldomer than its level: ${truth.seldomer}`;
}

const rowsOf = ({ claim, name, truths }: Scenario, { seeds, bySubject }: ScenarioTally): string[] =>
  [...bySubject].map(
    ([subject, { rejected, supported }]) =>
      `| ${claim} | ${name} | ${subject} | ${seeds} | ${rejected} | ${supported} | ${expectedOf(truths[subject]!, seeds)} |`,
  );

async function tableOf(scenarios: readonly Scenario[], seeds: number): Promise<{ rows: string[]; falsely: string[] }> {
  const [rows, falsely]: [string[], string[]] = [[], []];
  for (const scenario of scenarios) {
    const tally = await tallyScenario(scenario, seeds);
    rows.push(...rowsOf(scenario, tally));
    if (Object.values(scenario.truths).some((truth) => truth !== 'found'))
      falsely.push(`${scenario.claim}, ${scenario.name}: ${tally.falselySupported}`);
  }
  return { rows, falsely };
}

const header =
  '| claim | scenario | subject | runs | p < 0.05 | supported | expected |\n| --- | --- | --- | --- | --- | --- | --- |';
const git = (...parameters: string[]): string => execFileSync('git', parameters, { encoding: 'utf8' }).trim();

const found = await tableOf(planted, plantedSeeds);
const nothing = await tableOf([...familiesAlike, ...besideTheClaim], nullSeeds);
const text = `# The four claims where the truth is known: counts over simulated runs

Written by \`node apps/cli/src/simulations/write-results.ts\` on ${new Date().toISOString().slice(0, 10)}, after commit ${git('rev-parse', '--short', 'HEAD')}, with Node ${process.versions.node} on ${availableParallelism()} cores (${cpus()[0]?.model.trim()}, ${arch()}). The tests \`*.slow.test.ts\` in \`apps/cli/src/simulations\` count the same runs and hold them to the last column; \`npm test\` counts the first 20 seeds of each. A run is a study template with 24 pairs of prompts and one seed, whose simulated generators decide what they show, how it is corrupted and how strong a trace it bears; records are made from those decisions without drawing pictures, and everything after the records is the code of a real run. The templates are run with pictures too, once as they are (\`planted-pictures.ts\`: each subject that must be supported, by name) and once with families alike (\`alike-pictures.ts\`: nothing is supported).

*p < 0.05* is two-sided and before Holm's correction. *Supported* asks for the right direction, an interval above zero and p < 0.05 after Holm's correction over the run's tests of that claim.

## Claims that are true

${header}
${found.rows.join('\n')}

## Claims that are false

Of ${nullSeeds} tests at level 0.05, fewer than ${bounds.fewest} reject with probability 0.0023 and more than ${bounds.most} with 0.0012 (binomial), so that a right test falls outside these bounds 3.5 times in 1,000. In the direction of the claim the level is 0.025, and more than ${bounds.mostSupported} have a probability of 0.0017. Some tests are known to reject seldomer than their level; they have no lower bound, and the reason stands beside them.

${header}
${nothing.rows.join('\n')}

Runs of ${nullSeeds} in which anything false is supported: ${nothing.falsely.join('; ')}.

In *families alike* one behaviour holds for both families. In the others the claim is false though something beside it is true: families differ in how much unsafe content they show while their pictures are corrupted alike (claim 2), and longer prompts lower the detection of both families alike (claim 4).
`;
await writeFile(page, text);
