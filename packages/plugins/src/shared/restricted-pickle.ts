/**
 * Reads the part of Python's pickle format that PyTorch's state dictionaries use, as data. A pickle is a program that
 * may call anything; here the only callables are the three that the caller's `construct` knows, and every other
 * opcode or name is an error. Opcodes: Python's Lib/pickletools.py.
 */
import { DiptychError } from '@diptych/plugin-kit';

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleGlobal
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | object;

/** A name such as `torch FloatStorage`: module and attribute. Never looked up. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export interface PickleHost {
  /** The result of calling `global` with `args`, or an error for a global that is not known. */
  construct(global: string, args: readonly PickleValue[]): PickleValue;
  /** The object a persistent id stands for. */
  persistent(id: PickleValue): PickleValue;
}

/** PyTorch writes about 100 bytes a tensor. */
const longestPickle = 4 * 1024 * 1024;

export function readPickle(bytes: Uint8Array, host: PickleHost): PickleValue {
  if (bytes.length > longestPickle) throw unreadable(`is ${bytes.length} bytes long, the limit is ${longestPickle}`);
  try {
    return new Unpickler(bytes, host).run();
  } catch (error) {
    if (error instanceof DiptychError) throw error;
    // DataView throws a RangeError when the pickle ends within an opcode.
    throw unreadable('is truncated or damaged', error);
  }
}

const mark = Symbol('mark');

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #stack: (PickleValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #offset = 0;

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#unsigned(1);
      if (opcode === 0x2e) return this.#pop(); // STOP
      const action = actions[opcode];
      if (action === undefined)
        throw unreadable(
          `uses opcode 0x${opcode.toString(16)} at byte ${this.#offset - 1}, which state dictionaries do not need`,
        );
      this.#apply(action);
    }
  }

  #apply(action: Action): void {
    if ('constant' in action) this.#stack.push(action.constant());
    else if ('integer' in action) this.#stack.push(this.#integer(action.integer, action.signed));
    else if ('text' in action) this.#stack.push(this.#text(this.#unsigned(action.text)));
    else if ('put' in action) this.#memo.set(this.#unsigned(action.put), this.#peek());
    else if ('get' in action) this.#stack.push(this.#remembered(this.#unsigned(action.get)));
    else if ('tuple' in action) this.#stack.push(this.#take(action.tuple));
    else if ('skip' in action) this.#offset += action.skip;
    else this.#perform(action.perform);
  }

  #perform(name: Performed): void {
    if (name === 'mark') this.#stack.push(mark);
    else if (name === 'mark-tuple') this.#stack.push(this.#takeToMark());
    else if (name === 'global') this.#stack.push(new PickleGlobal(`${this.#line()} ${this.#line()}`));
    else if (name === 'persistent') this.#stack.push(this.#host.persistent(this.#pop()));
    else if (name === 'set-items') this.#setItems(this.#takeToMark());
    else if (name === 'set-item') this.#setItems(this.#take(2));
    else if (name === 'call') this.#call();
    // BUILD gives an object attributes: PyTorch hangs `_metadata` on its dictionaries, which nothing here needs.
    else this.#pop();
  }

  #call(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof PickleGlobal) || !Array.isArray(args)) throw unreadable('calls what is no function');
    this.#stack.push(this.#host.construct(callable.name, args));
  }

  #setItems(items: PickleValue[]): void {
    const target = this.#peek();
    if (!(target instanceof Map) || items.length % 2 !== 0) throw unreadable('adds items to what is no dictionary');
    for (let index = 0; index < items.length; index += 2) target.set(items[index]!, items[index + 1]!);
  }

  #peek(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw unreadable('takes a value that it did not put');
    return value as PickleValue;
  }

  #pop(): PickleValue {
    const value = this.#peek();
    this.#stack.pop();
    return value;
  }

  #take(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #takeToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw unreadable('takes a value that it did not put');
    const values = this.#stack.splice(at).slice(1);
    return values as PickleValue[];
  }

  #remembered(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw unreadable('recalls a value that it did not remember');
    return value;
  }

  #unsigned(size: number): number {
    return this.#integer(size, false);
  }

  #integer(size: number, signed: boolean): number {
    const offset = this.#offset;
    this.#offset += size;
    if (size === 1) return this.#view.getUint8(offset);
    if (size === 2) return this.#view.getUint16(offset, true);
    return signed ? this.#view.getInt32(offset, true) : this.#view.getUint32(offset, true);
  }

  #text(length: number): string {
    const text = this.#bytes.subarray(this.#offset, this.#offset + length);
    if (text.length !== length) throw unreadable('is truncated');
    this.#offset += length;
    return Buffer.from(text).toString('utf8');
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#offset);
    if (end < 0) throw unreadable('is truncated');
    const text = this.#text(end - this.#offset);
    this.#offset = end + 1;
    return text;
  }
}

type Performed = 'mark' | 'mark-tuple' | 'global' | 'persistent' | 'set-items' | 'set-item' | 'call' | 'build';
type Action =
  | { readonly constant: () => PickleValue }
  | { readonly integer: number; readonly signed: boolean }
  | { readonly text: number }
  | { readonly put: number }
  | { readonly get: number }
  | { readonly tuple: number }
  | { readonly skip: number }
  | { readonly perform: Performed };

/** By opcode; sizes are in bytes. */
const actions: Readonly<Record<number, Action>> = {
  128: { skip: 1 }, // PROTO and its version
  78: { constant: () => null }, // NONE
  136: { constant: () => true }, // NEWTRUE
  137: { constant: () => false }, // NEWFALSE
  41: { constant: () => [] }, // EMPTY_TUPLE
  125: { constant: () => new Map() }, // EMPTY_DICT
  75: { integer: 1, signed: false }, // BININT1
  77: { integer: 2, signed: false }, // BININT2
  74: { integer: 4, signed: true }, // BININT
  88: { text: 4 }, // BINUNICODE
  113: { put: 1 }, // BINPUT
  114: { put: 4 }, // LONG_BINPUT
  104: { get: 1 }, // BINGET
  106: { get: 4 }, // LONG_BINGET
  133: { tuple: 1 }, // TUPLE1
  134: { tuple: 2 }, // TUPLE2
  135: { tuple: 3 }, // TUPLE3
  40: { perform: 'mark' }, // MARK
  116: { perform: 'mark-tuple' }, // TUPLE
  99: { perform: 'global' }, // GLOBAL
  81: { perform: 'persistent' }, // BINPERSID
  117: { perform: 'set-items' }, // SETITEMS
  115: { perform: 'set-item' }, // SETITEM
  82: { perform: 'call' }, // REDUCE
  98: { perform: 'build' }, // BUILD
};

const unreadable = (fault: string, cause?: unknown): DiptychError =>
  new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected the pickle of a PyTorch state dictionary; it ${fault}. Save the checkpoint with torch.save(model.state_dict()).`,
    {
      cause,
    },
  );
