/** A run is whole where a plugin failed on everything, but has no result of it: the report is written, and the exit code says so. */
import { codeOfReason, type FailedPart, shellQuoted } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { nameOfPart } from './progress.ts';

const unitOf = ({ phase, items }: FailedPart): string => {
  const unit = { prompts: 'prompt', collect: 'sample', authentic: 'image', judge: 'image', detect: 'image' }[phase];
  return items === 1 ? `the only ${unit}` : `all ${items} ${unit}s`;
};

export function pluginsFailed(failed: readonly FailedPart[], runFolder: string): DiptychError {
  const problems = failed.map((part) => {
    const code = codeOfReason(part.reason);
    return { plugin: nameOfPart(part), ...(code && { code }), message: part.reason };
  });
  const lines = failed.map(
    (part) => `  ${nameOfPart(part)}: failed on ${unitOf(part)}; the first: ${part.reason.slice(0, 500)}`,
  );
  return new DiptychError(
    'PLUGIN_FAILED',
    `Expected every plugin of the run to give a result, but:\n${lines.join('\n')}\nThe run is finished, and ${shellQuoted(runFolder)} holds no result of these. A failure is a record as any other and not repeated: cure the cause, then start a new run; or, for a judge or detector, run it over this one under another name (\`as\`).`,
    { details: { problems } },
  );
}
