/** Reads every stored image of a run again and compares its digest with the one in the journal. */
import { join, relative } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { createImageStore, type ImageRef } from '../store/image-store.ts';
import type { Run } from './open-run.ts';
import { openFiles, runPool } from './work-pool.ts';

export interface CheckImagesOptions {
  readonly signal?: AbortSignal;
  /** Called after every image; equal images are one. */
  readonly onProgress?: (done: number, total: number) => void;
}

const mostNamed = 20;

/** Gives the number of different images, all of which are there and unchanged. Rejects with IMAGES_CHANGED, which names those that are not. */
export async function checkImages(run: Run, { signal, onProgress }: CheckImagesOptions = {}): Promise<number> {
  const store = createImageStore(join(run.folder, 'images'));
  const images = new Map<string, ImageRef['container']>();
  for await (const record of run.records({ validation: 'fast' })) {
    if (record.type !== 'sample' && record.type !== 'authentic') continue;
    if (record.image) images.set(record.image.sha256, record.image.info.container);
  }
  const changed: string[] = [];
  let done = 0;
  await runPool(images, openFiles, async ([sha256, container]) => {
    signal?.throwIfAborted();
    if (!(await store.isIntact({ sha256, container })))
      changed.push(relative(run.folder, store.pathOf({ sha256, container })));
    done += 1;
    onProgress?.(done, images.size);
  });
  if (changed.length > 0) throw imagesChanged(changed);
  return images.size;
}

/** Names are relative to the run folder. */
export function imagesChanged(names: readonly string[]): DiptychError {
  const sorted = names.toSorted();
  const shown =
    sorted.slice(0, mostNamed).join(', ') + (sorted.length > mostNamed ? ` and ${sorted.length - mostNamed} more` : '');
  return new DiptychError(
    'IMAGES_CHANGED',
    `Expected every image of the run as it was stored, but ${sorted.length} ${sorted.length === 1 ? 'is' : 'are'} missing or changed: ${shown}. Restore them from a copy; \`diptych verify RUN --images\` looks at all of them.`,
    { details: { images: sorted } },
  );
}
