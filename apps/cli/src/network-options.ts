/** Options of commands over network files. */
import { DiptychError, type OnnxOptions } from '@diptych/plugin-kit/runtime';

/** As the command line gives them. */
export interface NetworkOptions {
  /** Items in one run. */
  readonly batch: string;
  /** `name=3,224,224`, without batch. */
  readonly shape?: readonly string[];
  /** Those of the file's outputs that are computed; absent: all. */
  readonly output?: readonly string[];
  readonly quantisation: 'as-written' | 'weights-only';
  /** Whether the first dimension of the file counts items, or one run of it is one item. */
  readonly items: 'batch' | 'graph';
}

export const onnxOptions = ({ batch, shape, output, quantisation, items }: NetworkOptions): OnnxOptions => ({
  batch: positiveInteger('--batch', batch),
  shapes: shapesOf(shape ?? []),
  ...(output && { outputs: output }),
  quantisation,
  items,
});

const usage = (option: string, expected: string, got: string): DiptychError =>
  new DiptychError('USAGE', `Expected ${expected} as ${option}, got "${got}". Correct it.`);

function shapesOf(given: readonly string[]): Record<string, readonly number[]> {
  const shapes = given.map((text): [string, number[]] => {
    const at = text.lastIndexOf('=');
    const shape = text
      .slice(at + 1)
      .split(',')
      .map(Number);
    if (at < 1 || !shape.every((size) => Number.isInteger(size) && size > 0)) throw usage('--shape', 'NAME=SIZE,SIZE,… without the batch', text); // biome-ignore format: one condition
    return [text.slice(0, at), shape];
  });
  return Object.fromEntries(shapes);
}

export function positiveInteger(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw usage(option, 'a positive integer', text);
  return number;
}
