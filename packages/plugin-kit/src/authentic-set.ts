import type { z } from 'zod';
import { apiVersion, type Licence, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';

/** One camera image as a set lists it; its bytes come from `load`. */
export interface AuthenticImage {
  /** Stable and unique within the set, such as the relative path. */
  readonly key: string;
  readonly licence: Licence;
  /** Images of one scene or one photographer share it, so that splits keep them together; the key where absent. */
  readonly groupId?: string;
}

/** Camera images: the negatives of detection. */
export interface AuthenticSet extends MaybeDisposable {
  /** The same images in the same order every time. */
  images(signal: AbortSignal): AsyncIterable<AuthenticImage>;
  load(image: AuthenticImage, signal: AbortSignal): Promise<Uint8Array>;
  /** SHA-256 over the listing; goes into the manifest. */
  digest(signal: AbortSignal): Promise<string>;
}
/** Types and stamps a set of camera images; the default export of its file. */
export const defineAuthenticSet = <O extends z.ZodType>(
  spec: PluginSpec<O, AuthenticSet>,
): Plugin<'authentic-set', AuthenticSet, O> => ({
  apiVersion,
  kind: 'authentic-set',
  ...spec,
});
