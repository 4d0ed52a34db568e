/**
 * The crates rten and tract-onnx on an ONNX file, each in a process of its own: the program in `crates/`, which is no part of
 * the addon's workspace and is built by cargo when it is first asked for. A process takes its own time, so that the pipe
 * does not count.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Contender } from './network-rivals.ts';

const folder = fileURLToPath(new URL('./crates', import.meta.url));
let program: string | undefined;

function build(): string {
  const args = ['build', '--release', '--locked', '--target-dir', 'target'];
  execFileSync('cargo', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return join(folder, 'target/release/diptych-bench-crates');
}

/** Memory for results stays with the process, or page faults make a batch of eight take up to twice as long. */
const environment = { ...process.env, _RJEM_MALLOC_CONF: 'oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1' };

/** With its version, which is pinned. */
export function titleOf(crate: string): string {
  const pinned = new RegExp(`^${crate} = "=(.+)"$`, 'm').exec(readFileSync(join(folder, 'Cargo.toml'), 'utf8'));
  if (pinned === null) throw new Error(`Expected a crate of ${folder}/Cargo.toml, got ${crate}.`);
  return `${crate} ${pinned[1]}`;
}

/** The next `length` bytes. The process answers only when asked, so that a chunk never has the start of another answer. */
async function take(chunks: AsyncIterator<Buffer>, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let have = 0; have < length; have += parts.at(-1)!.length) {
    const { value, done } = await chunks.next();
    if (done) throw new Error('The process of a crate ended; what it said is above.');
    parts.push(value);
  }
  return Buffer.concat(parts);
}

async function start(crate: string, file: Uint8Array, sizes: readonly number[]) {
  program ??= build();
  const place = mkdtempSync(join(tmpdir(), 'diptych-bench-'));
  try {
    const path = join(place, 'network.onnx');
    writeFileSync(path, file);
    const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, [crate, path, ...sizes.map(String)], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    await take(chunks, 1);
    return { child, chunks };
  } finally {
    rmSync(place, { recursive: true });
  }
}

export async function openCrate(crate: string, file: Uint8Array, batch: number, threads: number, side: number): Promise<Contender> {
  const { child, chunks } = await start(crate, file, [batch, side, threads]);
  const measure = async (input: Float32Array): Promise<{ wallMs: number; cpuMs: number; scores: Float32Array }> => {
    child.stdin.write(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
    const { buffer, byteOffset } = await take(chunks, 16 + batch * 1000 * 4);
    const bytes = buffer.slice(byteOffset);
    const [wallMs, cpuMs] = new Float64Array(bytes, 0, 2) as unknown as [number, number];
    return { wallMs, cpuMs, scores: new Float32Array(bytes, 16, batch * 1000) };
  };
  return {
    run: async (input) => (await measure(input)).scores,
    time: async (input) => {
      const { wallMs, cpuMs } = await measure(input);
      return threads > 1 ? wallMs : cpuMs;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
} // biome-ignore format: signature
