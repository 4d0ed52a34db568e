/** For tests: runs programs in a network namespace of their own, with every address that they try to reach on record. */
import { spawn, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finished } from './run-diptych.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** It has no interface but a loopback that is down: no packet can leave. */
const namespace = ['unshare', '--map-root-user', '--net', '--'];
/** Raises the loopback (SIOCSIFFLAGS, IFF_UP and IFF_RUNNING) and goes on as the program; `ip` may not be installed. */
const withLoopback = [
  'python3',
  '-c',
  "import fcntl,os,socket,struct,sys; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41)); os.execvp(sys.argv[1], sys.argv[1:])",
];

export const canRunApart =
  process.platform === 'linux' && spawnSync(namespace[0]!, [...namespace.slice(1), 'true']).status === 0;

export interface Apart extends Finished {
  /** `host:port` of connections and `name HOST` of look-ups, each once, sorted. */
  readonly reached: readonly string[];
}

export async function runApart(
  command: readonly string[],
  { cwd, loopback = false }: { readonly cwd: string; readonly loopback?: boolean },
): Promise<Apart> {
  const connections = join(cwd, 'connections');
  await writeFile(connections, '');
  const [program, ...parameters] = [...namespace, ...(loopback ? withLoopback : []), ...command];
  const child = spawn(program!, parameters, {
    cwd,
    env: {
      ...process.env,
      NO_COLOR: '1',
      NODE_OPTIONS: `--import=${here('record-connections.mjs')}`,
      PYTHONPATH: here('record-connections'),
      CONNECTIONS: connections,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const reached = [...new Set((await readFile(connections, 'utf8')).split('\n').filter(Boolean))].sort();
  return { code, ...text, reached };
}
