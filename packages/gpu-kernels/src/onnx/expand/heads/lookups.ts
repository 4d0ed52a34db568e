/**
 * LabelEncoder and OneHotEncoder (ai.onnx.ml): tables that are asked by a number. Strings have no numbers here and are refused.
 * Source: "Operators-ml.md" of ONNX; where that leaves a case open, what onnxruntime 1.32 computes, or a refusal.
 */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import { sizeOf } from '../../../graph/shapes.ts';
import { dependsOnBatch, isFloat } from '../../constant.ts';
import type { ElementType } from '../../onnx-model.ts';
import type { Expand, Expansion } from '../expansion.ts';
import { tensorAttribute } from './read-trees.ts';

/** Numbers of one table or of all comparisons for one item: 4 MB. */
const most = 2 ** 20;

interface List {
  readonly type: ElementType;
  readonly data: ArrayLike<number>;
}

/** `keys` or `values`: whole numbers, floats, or a tensor of either (ai.onnx.ml 4). */
function listOf(to: Expansion, name: string): List {
  const strings = to.inFile.get(`${name}_strings`);
  if (strings?.kind === 'strings' && strings.value.length > 0) throw opUnsupported(to.node, `${name} that are strings, only numbers are implemented`); // biome-ignore format: one condition
  const tensor = tensorAttribute(to, `${name}_tensor`);
  const [whole, floats] = [to.attributes.numbers(`${name}_int64s`, []), to.attributes.numbers(`${name}_floats`, [])];
  const lists: readonly List[] = [
    ...(tensor === undefined ? [] : [{ ...tensor, type: tensor.type as ElementType }]),
    { type: 'int64', data: whole },
    { type: 'float32', data: floats },
  ];
  const [list, other] = lists.filter(({ data }) => data.length > 0);
  if (list === undefined || other !== undefined) throw graphInvalid(to.node, `one list of ${name} is expected.`);
  return list;
}

/** What a number gets that is no key. */
function fallbackOf(to: Expansion, type: ElementType): number {
  const [whole, float] = [to.attributes.number('default_int64', -1), to.attributes.number('default_float', -0)];
  const given = tensorAttribute(to, 'default_tensor')?.data;
  if (given !== undefined && given.length !== 1) throw graphInvalid(to.node, `${given.length} numbers of default_tensor, 1 is expected.`); // biome-ignore format: one condition
  return given?.[0] ?? (isFloat(type) ? float : whole);
}

/** Values by key. Of a key that is there twice onnxruntime takes the first, ONNX's own implementation the last. */
function tableOf(to: Expansion, keys: List, values: List): ReadonlyMap<number, number> {
  if (keys.data.length !== values.data.length)
    throw graphInvalid(to.node, `${keys.data.length} keys for ${values.data.length} values.`);
  const table = new Map<number, number>();
  for (const [at, key] of Array.from(keys.data).entries()) {
    const value = values.data[at]!;
    if (Number.isNaN(key)) throw opUnsupported(to.node, 'a key that is no number (NaN), which runtimes find in different ways'); // biome-ignore format: one condition
    if (table.has(key) && !Object.is(table.get(key), value)) throw opUnsupported(to.node, `the key ${key} twice, of which runtimes take different ones`); // biome-ignore format: one condition
    table.set(key, value);
  }
  return table;
}

/** Numbers of one item of input 0. */
const numbersOf = (to: Expansion): number => sizeOf(to.shape(0).map((size) => (dependsOnBatch(size) ? 1 : size)));

/** `[…, keys]`: 1 where the number is that key. */
function comparedWith(to: Expansion, x: string, keys: readonly number[]): string {
  const count = keys.length * numbersOf(to);
  if (count > most) throw opUnsupported(to.node, `${count} comparisons of ${keys.length} keys with an item, at most ${most} are implemented`); // biome-ignore format: one condition
  const given = to.add('Unsqueeze', [x, to.integers(to.shape(0).length)]);
  const equal = to.add('Equal', [given, to.tensor('float32', [keys.length], keys)]);
  return to.add('Cast', [equal], { to: 1 });
}

/** Where in the table the value of each number lies, and what lies there; undefined is no key. */
interface Slots {
  readonly places: string;
  readonly keys: readonly (number | undefined)[];
}

/** Whole numbers near each other count from the least, with none of them before it and behind the greatest. */
function slotsByCounting(to: Expansion, x: string, least: number, greatest: number): Slots {
  const size = greatest - least + 3;
  const counted = to.add('Sub', [x, to.number(least - 1)]);
  const places = to.add('Min', [to.add('Max', [counted, to.number(0)]), to.number(size - 1)]);
  return { places, keys: Array.from({ length: size }, (_, at) => at + least - 1) };
}

/** All others are compared with each key; the first place is of what is no key. */
function slotsByComparing(to: Expansion, x: string, keys: readonly number[]): Slots {
  const numbered = to.tensor('float32', [keys.length], keys.map((_, at) => at + 1)); // biome-ignore format: one call
  const hits = to.add('Mul', [comparedWith(to, x, keys), numbered]);
  const places = to.add('ReduceSum', [hits, to.integers(to.shape(0).length)], { keepdims: 0 });
  return { places, keys: [undefined, ...keys] };
}

function slotsOf(to: Expansion, isWhole: boolean, keys: readonly number[]): Slots {
  const x = isWhole ? to.add('Cast', [to.input(0)], { to: 1 }) : to.input(0);
  const [least, greatest] = keys.reduce(([low, high], key) => [Math.min(low, key), Math.max(high, key)], [Infinity, -Infinity]); // biome-ignore format: one expression
  return isWhole && greatest - least < most ? slotsByCounting(to, x, least, greatest) : slotsByComparing(to, x, keys);
}

/** Activations are float32, which holds these one by one. */
const mostWhole = 2 ** 24 - 1;

function checkWhole(to: Expansion, name: string, { type, data }: List): void {
  const large = isFloat(type) ? undefined : Array.from(data).find((value) => Math.abs(value) > mostWhole);
  if (large !== undefined) throw opUnsupported(to.node, `${large} among its ${name}, whole numbers up to ${mostWhole} are implemented`); // biome-ignore format: one condition
}

function LabelEncoder(to: Expansion): void {
  const [keys, values] = [listOf(to, 'keys'), listOf(to, 'values')];
  checkWhole(to, 'keys', keys);
  checkWhole(to, 'values', values);
  const table = tableOf(to, keys, values);
  const fallback = fallbackOf(to, values.type);
  to.attributes.string('default_string', '');
  to.attributes.finish();
  const slots = slotsOf(to, !isFloat(keys.type), [...table.keys()]);
  const found = slots.keys.map((key) => (key === undefined ? fallback : (table.get(key) ?? fallback)));
  to.give('Gather', [to.tensor(values.type, [found.length], found), slots.places], { axis: 0 });
}

function OneHotEncoder(to: Expansion): void {
  const categories = to.attributes.numbers('cats_int64s', []);
  const isLenient = to.attributes.number('zeros', 1) !== 0;
  to.attributes.finish();
  if (categories.length === 0) throw opUnsupported(to.node, 'categories that are strings or none, only whole numbers are implemented'); // biome-ignore format: one condition
  if (!isLenient) throw opUnsupported(to.node, 'zeros = 0, which ends a run at a category that is not known. Fit it with handle_unknown="ignore"'); // biome-ignore format: one condition
  if (new Set(categories).size < categories.length) throw graphInvalid(to.node, 'a category is there twice.');
  checkWhole(to, 'categories', { type: 'int64', data: categories });
  const whole = to.add('Cast', [to.add('Cast', [to.input(0)], { to: 7 })], { to: 1 });
  to.give('Identity', [comparedWith(to, whole, categories)]);
}

const apart = ['keys_strings', 'values_strings', 'keys_tensor', 'values_tensor', 'default_tensor', 'classes_strings'];

export const lookupExpansions: Readonly<Record<string, Expand>> = {
  'ai.onnx.ml.LabelEncoder': (to) => to.expandWithout(apart, LabelEncoder),
  'ai.onnx.ml.OneHotEncoder': (to) => to.expandWithout(['cats_strings'], OneHotEncoder),
};
