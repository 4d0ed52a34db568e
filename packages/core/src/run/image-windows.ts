/**
 * Reads the journal's images in windows bounded by number and pixels, so that a million images are scored in flat
 * memory and each is decoded once for all plugins that look at it.
 */
import { stat } from 'node:fs/promises';
import type { AuthenticRecord, ImageInfo, JournalRecord, SampleRecord } from '@diptych/plugin-kit';
import { readJournalBatches } from '../journal/read-journal.ts';

/** 32 megapixels are 96 MB of RGB; two windows are in flight. */
const maxWindowPixels = 32_000_000;
export const minWindowImages = 64;
const maxWindowImages = 256;

export interface JournalledImage {
  readonly side: 'synthetic' | 'authentic';
  readonly index: number;
  readonly sha256: string;
  readonly info: ImageInfo;
  /** Empty for authentic images. */
  readonly prompt: string;
  /** Of authentic images: what places them in a shard. */
  readonly origin?: { readonly set: string; readonly key: string };
}

/** Samples that ended as `image`, and authentic images that could be read. */
export function imageOf(record: JournalRecord): JournalledImage | undefined {
  if (record.type === 'sample' && record.outcome === 'image' && record.image)
    return imageFrom('synthetic', record, record.image, record.prompt);
  if (record.type === 'authentic' && record.image) {
    const { set, key } = record;
    return { ...imageFrom('authentic', record, record.image, ''), origin: { set, key } };
  }
  return undefined;
}

function imageFrom(
  side: JournalledImage['side'],
  { index }: SampleRecord | AuthenticRecord,
  image: { sha256: string; info: ImageInfo },
  prompt: string,
): JournalledImage {
  return { side, index, sha256: image.sha256, info: image.info, prompt };
}

/** `batch` is the largest batch of the plugins; windows hold at least that many images where memory allows. */
export async function* imageWindows(
  journalPath: string,
  isWanted: (image: JournalledImage) => boolean,
  batch: number,
): AsyncGenerator<JournalledImage[]> {
  const size = Math.min(maxWindowImages, Math.max(minWindowImages, batch));
  // Records appended while this phase runs are scores, not images; the end as of now bounds the reading.
  const endByte = (await stat(journalPath)).size;
  let window: JournalledImage[] = [];
  let pixels = 0;
  for await (const { records } of readJournalBatches(journalPath, { validation: 'fast', endByte })) {
    for (const record of records) {
      const image = imageOf(record);
      if (!image || !isWanted(image)) continue;
      const area = image.info.width * image.info.height;
      if (window.length > 0 && (window.length >= size || pixels + area > maxWindowPixels)) {
        yield window;
        window = [];
        pixels = 0;
      }
      window.push(image);
      pixels += area;
    }
  }
  if (window.length > 0) yield window;
}
