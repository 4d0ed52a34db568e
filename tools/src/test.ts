/**
 * What `npm test` runs: every check, then the tests but those of slow files; with `--all`, as `npm run test:all`, these too.
 * Ends with `N passed, N failed` alone on the last line and exits with 1 when anything failed. `npm test -- --only
 * vitest,types` runs some of the steps.
 */
import { parseArgs } from 'node:util';
import { type StepResult, skipList, stepTable, totalsLine } from './test/results.ts';
import type { TestStep } from './test/step.ts';
import { stagesOf } from './test/steps.ts';

type Stages = ReturnType<typeof stagesOf>;

function chooseSteps(stages: Stages, only: string | undefined): Stages {
  if (only === undefined) return stages;
  const names = only.split(',');
  const known = stages.flat(2).map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`Expected --only to list steps out of ${known.join(', ')}, received ${unknown.join(', ')}.`);
  }
  return stages.map((lanes) => lanes.map((lane) => lane.filter(({ name }) => names.includes(name))));
}

async function runStep(step: TestStep): Promise<StepResult> {
  const since = performance.now();
  console.log(`── ${step.name}`);
  const { output, ...findings } = await step.run();
  const seconds = (performance.now() - since) / 1000;
  const outcome = findings.failed === 0 ? 'ok' : `${findings.failed} failed`;
  // With the output of the step in one piece, because another step may print at the same time.
  console.log([`── ${step.name}: ${outcome} in ${seconds.toFixed(1)} s`, ...(output ? [output.trimEnd()] : [])].join('\n'));
  return { step: step.name, seconds, ...findings };
}

async function runLane(lane: readonly TestStep[]): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of lane) results.push(await runStep(step));
  return results;
}

function printSummary(results: readonly StepResult[]): void {
  const skipped = skipList(results.flatMap((result) => result.skipped));
  const failures = results.flatMap((result) => result.failures);
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
  console.log(`\n${stepTable(results)}\n\n${totalsLine(results)}`);
}

const { values } = parseArgs({ options: { only: { type: 'string' }, all: { type: 'boolean', default: false } } });
const results: StepResult[] = [];
for (const lanes of chooseSteps(stagesOf(values.all ? 'all' : 'quick'), values.only)) {
  results.push(...(await Promise.all(lanes.map(runLane))).flat());
}
printSummary(results);
process.exitCode = results.some(({ failed }) => failed > 0) ? 1 : 0;
