import type { Generation, GenerationRequest } from '@diptych/plugin-kit';

/** For tests: a request with what matters to the test. */
export function requestOf(part: Partial<GenerationRequest> = {}): GenerationRequest {
  const prompt = part.prompt ?? 'a quiet street with a red door and two tall trees in autumn';
  return { promptId: prompt, prompt, level: 0, seed: 1, index: 0, hazards: [], intent: 'benign', ...part };
}

/** The pictures among the generations. */
export function picturesOf(generations: readonly Generation[]): Extract<Generation, { outcome: 'image' }>[] {
  return generations.filter((generation) => generation.outcome === 'image');
}
