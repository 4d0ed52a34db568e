/**
 * Lists and finds adapters. WebGPU has no list; Dawn for Node names all that it has when it is asked for one that cannot be,
 * and picks by a part of the name. Two cards of one model have one name: then the driver's own variables choose.
 */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { create } from 'webgpu';

/** A name that no adapter has. */
const impossible = 'adapter=(every one, please)';

export interface AdapterName {
  /** `vulkan`, `metal`, `d3d12`, … */
  readonly api: string;
  readonly name: string;
}

/** In Dawn's order, which is that of `diptych doctor`; empty where there is none. */
export async function listAdapters(): Promise<readonly AdapterName[]> {
  try {
    await create([impossible]).requestAdapter();
  } catch (error) {
    // The list is in the message; where Dawn words it otherwise one day, the list is empty and its test says so.
    const found = String(error).matchAll(/backend: '([^']*)', name: '([^']*)'/g);
    return [...found].map(([, api, name]) => ({ api: api!, name: name! }));
  }
  return [];
}

/** The full name of the adapter at that place of the list, or the first whose name holds `wanted`. */
export async function findAdapter(wanted: string): Promise<string> {
  const adapters = await listAdapters();
  const found = /^\d+$/.test(wanted)
    ? adapters[Number(wanted)]
    : adapters.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  if (found !== undefined) return found.name;
  const list = adapters.map(({ name }, index) => `${index}: ${name}`).join('; ') || 'none';
  throw new DiptychError('BACKEND_UNAVAILABLE', `no adapter is called "${wanted}"; there are: ${list}`);
}
