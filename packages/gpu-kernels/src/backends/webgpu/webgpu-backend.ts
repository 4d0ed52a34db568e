import { DiptychError } from '@diptych/plugin-kit';
import type { OpenedBackend } from '../../open-backend.ts';

export async function openWebgpu(): Promise<OpenedBackend> {
  throw new DiptychError('BACKEND_UNAVAILABLE', 'the WebGPU backend is not in this revision yet');
}
