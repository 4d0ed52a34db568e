/**
 * Reads a PyTorch state dictionary as `torch.save(model.state_dict(), path)` writes it since PyTorch 1.6: a ZIP archive
 * with `data.pkl` and one file a storage. Nothing in the file is executed. Legacy (non-ZIP) files are not read.
 */
import { DiptychError, type Tensor, type Tensors } from '@diptych/plugin-kit';
import { PickleGlobal, type PickleHost, type PickleValue, readPickle } from './restricted-pickle.ts';
import { readZip } from './zip-archive.ts';

/** Far above any detector that is read this way; large networks come as ONNX or safetensors. */
const limits = { maxEntries: 10_000, maxBytes: 256 * 1024 * 1024 };

/** Bytes an element. The published checkpoints hold float32 weights and int64 batch counters. */
const elementBytes: Readonly<Record<string, number>> = { 'torch FloatStorage': 4, 'torch LongStorage': 8 };

class Storage {
  readonly type: string;
  readonly view: DataView;
  constructor(type: string, bytes: Uint8Array) {
    this.type = type;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}
class StoredTensor {
  readonly tensor: Tensor;
  constructor(tensor: Tensor) {
    this.tensor = tensor;
  }
}

/** Tensors by name, as float32 (counters lose nothing below 2^24). Throws WEIGHTS_FORMAT_INVALID. */
export function readTorchCheckpoint(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const entries = readZip(file, limits);
  const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) throw invalid('a data.pkl in the archive', 'none');
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && Buffer.from(order).toString('latin1') !== 'little')
    throw invalid('little-endian storages', 'big-endian ones');
  const root = readPickle(entries.get(pickleName)!, hostOf(entries, folder));
  if (!(root instanceof Map)) throw invalid('a dictionary of tensors', 'something else');
  return new Map(
    [...root].map(([name, value]) => {
      if (typeof name !== 'string' || !(value instanceof StoredTensor))
        throw invalid('only named tensors in the dictionary', `an entry named by a ${typeof name}`);
      return [name, value.tensor];
    }),
  );
}

/**
 * The tensors in `shapes`, all of them and no others: a checkpoint of another network fails here, with every
 * difference listed. Names in `ignored` may be present and are left out.
 */
export function takeTensors(
  checkpoint: ReadonlyMap<string, Tensor>,
  shapes: Readonly<Record<string, readonly number[]>>,
  ignored: ReadonlySet<string> = new Set(),
): Tensors {
  const missing = Object.keys(shapes).filter((name) => !checkpoint.has(name));
  const extra = [...checkpoint.keys()].filter((name) => !(name in shapes) && !ignored.has(name));
  const misshapen = Object.entries(shapes)
    .filter(([name, shape]) => checkpoint.has(name) && checkpoint.get(name)!.shape.join() !== shape.join())
    .map(([name, shape]) => `${name} [${checkpoint.get(name)!.shape.join()}] instead of [${shape.join()}]`);
  const faults = [
    missing.length > 0 ? `missing ${missing.join(', ')}` : '',
    extra.length > 0 ? `not expected ${extra.join(', ')}` : '',
    misshapen.length > 0 ? `of other shape ${misshapen.join(', ')}` : '',
  ].filter((fault) => fault !== '');
  if (faults.length > 0) {
    throw new DiptychError(
      'WEIGHTS_FORMAT_INVALID',
      `Expected the tensors of another network: ${faults.join('; ')}. Use the file that the plugin names.`,
      {
        details: { missing, extra, misshapen },
      },
    );
  }
  return Object.fromEntries(Object.keys(shapes).map((name) => [name, checkpoint.get(name)!]));
}

function hostOf(entries: ReadonlyMap<string, Uint8Array>, folder: string): PickleHost {
  let bytesLeft = limits.maxBytes;
  return {
    persistent(id) {
      // ('storage', type, key, device, element count)
      const [kind, type, key] = Array.isArray(id) ? id : [];
      const bytes = typeof key === 'string' ? entries.get(`${folder}data/${key}`) : undefined;
      if (kind !== 'storage' || !(type instanceof PickleGlobal) || bytes === undefined)
        throw invalid('a storage for every tensor', 'a missing one');
      if (!(type.name in elementBytes)) throw invalid('float32 tensors and int64 counters', type.name);
      return new Storage(type.name, bytes);
    },
    construct(global, args) {
      if (global === 'collections OrderedDict' && args.length === 0) return new Map();
      if (global === 'torch._utils _rebuild_tensor_v2') {
        // Tensors may share a storage: a small file could name one so often that memory ends.
        const tensor = rebuild(args, bytesLeft);
        bytesLeft -= tensor.data.byteLength;
        return new StoredTensor(tensor);
      }
      throw invalid('only tensors and dictionaries', `a call of ${global.replace(' ', '.')}`);
    },
  };
}

/** (storage, offset, size, stride, requires_grad, backward_hooks), offset and stride in elements. */
function rebuild([storage, offset, shape, strides]: readonly PickleValue[], mostBytes: number): Tensor {
  if (
    !(storage instanceof Storage) ||
    !isCount(offset) ||
    !isCounts(shape) ||
    !isCounts(strides) ||
    shape.length !== strides.length
  ) {
    throw invalid('tensors with offset, shape and strides', 'other arguments');
  }
  const bytes = elementBytes[storage.type]!;
  const contiguous = shape.map((_, dimension) => shape.slice(dimension + 1).reduce((a, b) => a * b, 1));
  const size = shape.reduce((product, length) => product * length, 1);
  // A dimension of 1 may have any stride.
  if (shape.some((length, dimension) => length > 1 && strides[dimension] !== contiguous[dimension]))
    throw invalid('contiguous tensors', 'a strided view');
  if ((offset + size) * bytes > storage.view.byteLength)
    throw invalid('tensors inside their storage', 'one that ends outside');
  if (size * 4 > mostBytes) throw invalid(`tensors of at most ${limits.maxBytes} bytes in all`, 'more');
  const read = (index: number): number =>
    bytes === 4
      ? storage.view.getFloat32((offset + index) * 4, true)
      : Number(storage.view.getBigInt64((offset + index) * 8, true));
  const data = new Float32Array(size);
  for (let index = 0; index < size; index++) data[index] = read(index);
  return { shape, data };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

const invalid = (expected: string, received: string): DiptychError =>
  new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected ${expected} in a PyTorch checkpoint, received ${received}. Save it with torch.save(model.state_dict(), path).`,
  );
