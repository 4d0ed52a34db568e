/** What scripts here recorded of a network in JSON, and how its items are run together and each alone. */
import type { OnnxOptions, Runtime, Tensor, Tensors } from '@diptych/plugin-kit';

/** By name. JSON has no NaN: null stands for it. */
export type Answers = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: readonly (number | null)[] }>
>;

export const tensorsOf = (answers: Answers): Tensors =>
  Object.fromEntries(
    Object.entries(answers).map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { shape, data: Float32Array.from(data, (value) => value ?? Number.NaN) },
    ]),
  );

/** Item `item` of each tensor, as a batch of one. */
const itemOf = (tensors: Tensors, item: number): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const size = data.length / shape[0]!;
      return [name, { shape: [1, ...shape.slice(1)], data: data.slice(item * size, (item + 1) * size) }];
    }),
  );

export interface Run {
  readonly together: Tensors;
  /** Each item has the same outputs alone, to the bit. */
  readonly isSame: boolean;
}

export async function runOn(runtime: Runtime, bytes: Uint8Array, options: OnnxOptions, inputs: Tensors): Promise<Run> {
  await using model = await runtime.loadOnnx(bytes, options);
  const together = await model.run(inputs);
  let isSame = true;
  for (let item = 0; item < options.batch; item++) {
    const [alone, own] = [await model.run(itemOf(inputs, item)), itemOf(together, item)];
    for (const [name, { data }] of Object.entries(own)) isSame &&= data.every((value, i) => Object.is(value, alone[name]!.data[i])); // biome-ignore format: one loop
  }
  return { together, isSame };
}
