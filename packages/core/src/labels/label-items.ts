/** The images of a run that people may label. */
import type { Family, ImageInfo, SampleRecord } from '@diptych/plugin-kit';
import type { Run } from '../run/open-run.ts';
import { sha256Hex } from '../text/canonical-json.ts';

export interface LabelItem {
  /** Stands for the sample on a sheet: says nothing about who drew it, as an index in the plan would. */
  readonly item: string;
  readonly index: number;
  readonly sha256: string;
  readonly info: ImageInfo;
  readonly sample: Pick<SampleRecord, 'generator' | 'model' | 'promptSet' | 'promptId' | 'prompt' | 'level'> & {
    readonly family: Family | null;
  };
}

/** 64 bits: among a million images two share a name once in some forty million runs. */
const itemDigits = 16;

const itemName = (studyDigest: string, index: number): string =>
  sha256Hex(JSON.stringify(['label', studyDigest, index])).slice(0, itemDigits);

/** In plan order: the journal's order never decides who sees what. */
export async function labelItems(run: Run): Promise<LabelItem[]> {
  const items: LabelItem[] = [];
  for await (const record of run.records()) {
    if (record.type !== 'sample' || record.outcome !== 'image' || !record.image) continue;
    const { generator, model, family, promptSet, promptId, prompt, level } = record;
    items.push({
      item: itemName(run.manifest.studyDigest, record.index),
      index: record.index,
      sha256: record.image.sha256,
      info: record.image.info,
      sample: { generator, model, family, promptSet, promptId, prompt, level },
    });
  }
  return items.sort((a, b) => a.index - b.index);
}
