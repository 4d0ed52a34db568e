/** Hands images to a worker that judges or detects: each as a file in the shared folder, for as long as the call takes. */
import { DiptychError, type PresentedImage } from '@diptych/plugin-kit';
import type { z } from 'zod';
import type { WorkerHost } from './worker-host.ts';

/** Numbers the files, so that calls never share one. */
let count = 0;

export interface ImageCall<T> {
  readonly method: 'judge' | 'detect';
  readonly answer: z.ZodType<{ items: T[] }>;
}

/** Answers aligned with the images. */
export async function askAboutImages<T>(
  host: WorkerHost,
  { method, answer }: ImageCall<T>,
  images: readonly { readonly image: PresentedImage; readonly prompt: string }[],
  signal: AbortSignal,
): Promise<readonly T[]> {
  signal.throwIfAborted();
  if (images.length === 0) return [];
  const names = images.map(({ image }) => `in-${count++}.${image.info.container}`);
  try {
    const items = await Promise.all(
      images.map(async ({ image, prompt }, index) => ({
        path: await host.folder.put(names[index]!, image.bytes),
        prompt,
        sha256: image.sha256,
      })),
    );
    const result = await host.call(method, { items }, answer, signal);
    if (result.items.length === images.length) return result.items;
    throw new DiptychError(
      'PLUGIN_BROKE_CONTRACT',
      `Expected ${images.length} answers of the worker ${host.hello.name}, one for each image, received ${result.items.length}. Correct its \`${method}\`.`,
    );
  } finally {
    await host.folder.remove(names);
  }
}
