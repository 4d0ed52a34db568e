/**
 * What `npm test` runs: every check, then every test. Ends with `N passed, N failed` alone on the last line and
 * exits with 1 when anything failed. `npm test -- --only vitest,types` runs some of the steps.
 */
import { parseArgs } from 'node:util';
import { type StepResult, skipList, stepTable, totalsLine } from './test/results.ts';
import type { TestStep } from './test/step.ts';
import { steps } from './test/steps.ts';

function chooseSteps(only: string | undefined): readonly TestStep[] {
  if (only === undefined) return steps;
  const names = only.split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `Expected --only to list steps out of ${steps.map(({ name }) => name).join(', ')}, received ${unknown.join(', ')}.`,
    );
  }
  return steps.filter(({ name }) => names.includes(name));
}

async function runStep(step: TestStep): Promise<StepResult> {
  const since = performance.now();
  console.log(`\n── ${step.name}`);
  const findings = await step.run();
  const seconds = (performance.now() - since) / 1000;
  if (findings.failed === 0) console.log(`${step.name}: ok in ${seconds.toFixed(1)} s`);
  return { step: step.name, seconds, ...findings };
}

function printSummary(results: readonly StepResult[]): void {
  const skipped = skipList(results.flatMap((result) => result.skipped));
  const failures = results.flatMap((result) => result.failures);
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
  console.log(`\n${stepTable(results)}\n\n${totalsLine(results)}`);
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const results: StepResult[] = [];
for (const step of chooseSteps(values.only)) results.push(await runStep(step));
printSummary(results);
process.exitCode = results.some(({ failed }) => failed > 0) ? 1 : 0;
