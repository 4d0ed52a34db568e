/** `diptych plan`: everything a run would do, checked and counted; nothing is generated, judged or detected. */
import { loadStudy, planRun } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';
import { bytes, renderTable } from '../output/table.ts';
import { interruptSignal } from '../signals.ts';
import { loadStudyPlugins, type WireOptions } from '../wire.ts';

export default async function plan(file: string, options: OutputOptions & WireOptions): Promise<void> {
  const interrupt = interruptSignal();
  try {
    const { study, baseFolder } = await loadStudy(file);
    await using loaded = await loadStudyPlugins(study, baseFolder, options);
    const { counts, plugins } = await planRun(loaded, interrupt.signal);
    const steps = [
      ...counts.generators.map(({ alias, samples, calls, mode }) => [
        mode === 'existing' ? 'import' : 'generate',
        alias,
        '',
        samples,
        calls,
      ]),
      ...counts.judges.map(({ alias, verdicts, calls }) => ['judge', alias, '', verdicts, calls]),
      ...counts.detectors.map(({ alias, protocol, detections, calls }) => ['detect', alias, protocol, detections, calls]),
    ];
    printResult(options, { study: study.name, counts, plugins, runtime: loaded.runtime }, () =>
      [
        `${study.name}: ${counts.prompts} prompts, ${counts.samples} samples, ${counts.authentic} authentic images, at most ${bytes(counts.estimatedBytes)} on disk (assuming ${bytes(1_500_000)} an image).`,
        renderTable(['step', 'plugin', 'protocol', 'items', 'calls'], steps),
        `Start it with \`diptych run ${file}\`.`,
      ].join('\n'),
    );
  } finally {
    interrupt.release();
  }
}
