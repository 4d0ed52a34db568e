/** CastLike as a Cast to the type of the other input, which is known: activations that are no integers are float32 here. */
import { type ElementType, elementTypes } from '../onnx-model.ts';
import type { Expansion } from './expansion.ts';

const numberOf = (type: ElementType): number => Number(Object.entries(elementTypes).find(([, name]) => name === type)![0]);

export function CastLike(to: Expansion): void {
  to.attributes.number('saturate', 1); // of float8 only
  to.attributes.string('round_mode', 'up'); // of float8 only
  to.attributes.finish();
  const type = to.constant(1)?.type ?? to.state.types.get(to.input(1)) ?? 'float32';
  to.give('Cast', [to.input(0)], { to: numberOf(type) });
}
