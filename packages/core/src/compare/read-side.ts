/** One of two runs, ready to be compared: its table, and by sample the prompt that it shares with the other run. */
import type { Manifest, SampleRecord } from '@diptych/plugin-kit';
import { detectionScores } from '../analysis/measures/detection-scores.ts';
import { type DetectorContext, detectorContext } from '../analysis/measures/detector-context.ts';
import { collectRunTable } from '../analysis/run-table/collect-run-table.ts';
import { type Group, groupsOf } from '../analysis/run-table/groups.ts';
import { GrowableColumn, Interner, words } from '../analysis/run-table/growable-column.ts';
import type { RunTable } from '../analysis/run-table/run-table.ts';
import type { ReportedRun } from '../report/reported-run.ts';
import { sha256Hex } from '../text/canonical-json.ts';

/** What both runs number alike. */
export class SharedPrompts {
  readonly #keys = new Interner();
  /** By key: cluster and text as the run that named it first has them. */
  readonly #facts: { cluster: string; text: string }[] = [];

  /** Number of the prompt; and whether its text is the one known under it. */
  numberOf(sample: SampleRecord): { number: number; isSameText: boolean } {
    const number = this.#keys.idOf(keyOf(sample));
    this.#facts[number] ??= { cluster: sample.cluster, text: sample.prompt };
    return { number, isSameText: this.#facts[number].text === sample.prompt };
  }

  clusterOf(number: number): string {
    return this.#facts[number]!.cluster;
  }
}

/**
 * Prompts match by set, id and level. Imports have no set in common, so that those whose text is known match by it, which
 * is what their cluster says.
 */
function keyOf({ promptSet, promptId, level, cluster }: SampleRecord): string {
  return JSON.stringify(cluster.startsWith('text-') ? [cluster, level] : [promptSet, promptId, level]);
}

export interface Side {
  readonly manifest: Manifest;
  readonly table: RunTable;
  readonly groups: readonly Group[];
  /** By sample: number of its prompt plus one; 0 where there is no sample. */
  readonly promptOf: GrowableColumn<Uint32Array>;
  readonly prompts: ReadonlySet<number>;
  /** Prompts under a known key but with another text. */
  readonly otherTexts: ReadonlySet<number>;
  /** Digest over the readable authentic images: thresholds and AUROCs compare only over the same ones. */
  readonly authentic: string;
  /** Detectors with scores of their own, by name and protocol; controls are no detectors, and heads fitted within a run differ between runs. */
  readonly detectors: ReadonlyMap<string, DetectorContext>;
}

/** Reads the records once, and numbers prompts as `shared` does; it learns those it has not met. */
export async function readSide(run: ReportedRun, shared: SharedPrompts): Promise<Side> {
  const promptOf = new GrowableColumn(words);
  const prompts = new Set<number>();
  const photographs: string[] = [];
  const otherTexts = new Set<number>();
  const { manifest } = run;
  const table = await collectRunTable(manifest, run.records(), (record) => {
    if (record.type === 'authentic' && record.image) photographs.push(`${record.set}/${record.key} ${record.image.sha256}`);
    if (record.type !== 'sample') return;
    const { number, isSameText } = shared.numberOf(record);
    promptOf.set(record.index, number + 1);
    prompts.add(number);
    if (!isSameText) otherTexts.add(number);
  });
  const groups = groupsOf(table);
  const detectors = new Map(
    table.detections
      .filter(({ facts }) => !facts.control && facts.features === 0)
      .map((columns) => {
        const scores = detectionScores(table, columns, manifest.study.seed);
        return [
          `${columns.facts.detector} ${columns.protocol}`,
          detectorContext(table, scores, groups, manifest.study.seed),
        ];
      }),
  );
  const authentic = sha256Hex(photographs.sort().join('\n'));
  return { manifest, authentic, table, groups, promptOf, prompts, otherTexts, detectors };
}
