import { readFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';
import { isDiptychError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { readTorchCheckpoint, takeTensors } from './torch-checkpoint.ts';

const checkpoint = readFileSync(new URL('../../goldens/tiny-ladeda/random.pth', import.meta.url));

function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isDiptychError(error) && error.code === 'WEIGHTS_FORMAT_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

describe('readTorchCheckpoint on a file that PyTorch 2.15 wrote', () => {
  const tensors = readTorchCheckpoint(checkpoint);

  it('gives all tensors by name with their shapes', () => {
    expect(tensors.size).toBe(21);
    expect(tensors.get('conv2.weight')?.shape).toEqual([8, 8, 3, 3]);
    expect(tensors.get('fc.bias')?.shape).toEqual([1]);
  });

  it('reads float32 values and int64 counters', () => {
    expect(tensors.get('bn1.num_batches_tracked')).toEqual({ shape: [], data: Float32Array.of(1000) });
    const variances = [...tensors.get('bn1.running_var')!.data];
    // make_golden.py draws them from 0.5 to 1.5.
    expect(variances.every((value) => value >= 0.5 && value < 1.5)).toBe(true);
    expect(new Set(variances).size).toBe(8);
  });
});

describe('readTorchCheckpoint on damage', () => {
  it('reports a truncation at any length as a format fault', () => {
    for (let length = 0; length < checkpoint.length; length += 97) {
      expect(faultOf(() => readTorchCheckpoint(checkpoint.subarray(0, length)))).toMatch(/ZIP archive/);
    }
  });

  it('never fails in another way when a byte is flipped', () => {
    for (let index = 0; index < checkpoint.length; index += 13) {
      const damaged = Uint8Array.from(checkpoint);
      damaged[index]! ^= 0x55;
      // Some bytes are names and times that do not matter; every other flip must be a format fault.
      expect(typeof faultOf(() => readTorchCheckpoint(damaged))).toBe('string');
    }
  });

  it('notices a flipped bit in a weight by its checksum', () => {
    const damaged = Uint8Array.from(checkpoint);
    const data = Buffer.from(checkpoint).indexOf(Buffer.from(readTorchCheckpoint(checkpoint).get('fc.weight')!.data.buffer));
    damaged[data]! ^= 1;
    expect(faultOf(() => readTorchCheckpoint(damaged))).toMatch(/damaged entry/);
  });
});

describe('readTorchCheckpoint on hostile files', () => {
  const run = (pickle: Buffer, storages: Record<string, Uint8Array> = {}): string =>
    faultOf(() => readTorchCheckpoint(zip({ 'm/data.pkl': pickle, ...storages })));

  it('refuses to call anything but what rebuilds tensors', () => {
    const system = Buffer.concat([
      Buffer.from('\x80\x02cposix\nsystem\n', 'latin1'),
      text('echo'),
      Buffer.from('\x85R.', 'latin1'),
    ]);
    expect(run(system)).toMatch(/a call of posix\.system/);
  });

  it('refuses opcodes that state dictionaries do not need', () => {
    expect(run(Buffer.from('\x80\x02i__main__\nX\n.', 'latin1'))).toMatch(/opcode 0x69/);
  });

  it('refuses a tensor that ends outside its storage before it takes memory', () => {
    const pickle = tensorPickle('\x4a\xff\xff\xff\x7f\x4a\xff\xff\xff\x7f\x86\x4a\xff\xff\xff\x7fK\x01\x86');
    expect(run(pickle, { 'm/data/0': new Uint8Array(4) })).toMatch(/inside their storage/);
  });

  it('refuses a tensor without its storage', () => {
    expect(run(tensorPickle('K\x01\x85K\x01\x85'))).toMatch(/a storage for every tensor/);
  });

  it('refuses an archive that unpacks to more than its limit', () => {
    const bomb = zip({ 'm/data.pkl': Buffer.from('N.') }, { claimedBytes: 0x7fffffff });
    expect(faultOf(() => readTorchCheckpoint(bomb))).toMatch(/unpacks to over/);
  });

  it('refuses to rebuild one storage until memory ends', () => {
    // 2^24 numbers, 64 MiB: four are as much as is read, the fifth is not.
    const pickle = (count: number): Buffer =>
      tensorPickle('\x4a\x00\x00\x00\x01\x85K\x01\x85', ['a', 'b', 'c', 'd', 'e'].slice(0, count));
    const files = { 'm/data/0': new Uint8Array(2 ** 26) };
    const fileOf = (count: number): Uint8Array => zip({ 'm/data.pkl': pickle(count), ...files }, { deflate: true });
    expect(readTorchCheckpoint(fileOf(2)).get('b')?.data.length).toBe(2 ** 24);
    expect(faultOf(() => readTorchCheckpoint(fileOf(5)))).toMatch(/tensors of at most 268435456 bytes in all/);
  });

  it('reads deflated entries', () => {
    const pickle = tensorPickle('K\x02\x85K\x01\x85');
    const file = zip(
      { 'm/data.pkl': pickle, 'm/data/0': new Uint8Array(Float32Array.of(1.5, -2).buffer) },
      { deflate: true },
    );
    expect(readTorchCheckpoint(file).get('w')).toEqual({ shape: [2], data: Float32Array.of(1.5, -2) });
  });
});

describe('takeTensors', () => {
  const tensor = { shape: [2], data: new Float32Array(2) };
  it('lists missing, unexpected and misshapen tensors together', () => {
    const message = faultOf(() =>
      takeTensors(
        new Map([
          ['a', tensor],
          ['b', tensor],
        ]),
        { a: [3], c: [1] },
      ),
    );
    expect(message).toMatch(/missing c; not expected b; of other shape a \[2\] instead of \[3\]/);
  });

  it('leaves out what is ignored', () => {
    expect(
      takeTensors(
        new Map([
          ['a', tensor],
          ['b', tensor],
        ]),
        { a: [2] },
        new Set(['b']),
      ),
    ).toEqual({ a: tensor });
  });
});

/** BINUNICODE. */
function text(value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return Buffer.concat([Buffer.from('X'), length, Buffer.from(value)]);
}

/** {name: tensor on storage 0}, their shape and strides given as opcodes. */
function tensorPickle(shapeAndStrides: string, names: readonly string[] = ['w']): Buffer {
  const latin1 = (value: string): Buffer => Buffer.from(value, 'latin1');
  const entries = names.flatMap((name) => [
    text(name),
    latin1('ctorch._utils\n_rebuild_tensor_v2\n(('),
    text('storage'),
    latin1('ctorch\nFloatStorage\n'),
    text('0'),
    text('cpu'),
    latin1('K\x02tQK\x00'),
    latin1(shapeAndStrides),
    latin1('\x89NtR'),
  ]);
  return Buffer.concat([latin1('\x80\x02}('), ...entries, latin1('u.')]);
}

function zip(
  files: Record<string, Uint8Array>,
  { deflate = false, claimedBytes }: { readonly deflate?: boolean; readonly claimedBytes?: number } = {},
): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, contents] of Object.entries(files)) {
    const packed = deflate ? deflateRawSync(contents) : contents;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(contents), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claimedBytes ?? contents.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, place, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directoryBytes, end]);
}
