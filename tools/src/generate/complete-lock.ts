/**
 * Adds to package-lock.json the optional platform packages that npm left out. npm drops those that the registry in use
 * does not carry (mirrors often lag for other platforms), and `npm ci` then refuses the lock as incomplete everywhere.
 * An added entry has no digest: it was not seen here, and npm verifies it against the registry where it is installed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedFile } from './generated-file.ts';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix'];
const processors = ['arm64', 'arm', 'ia32', 'x64', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32'];

/** `cpu` and `os` (and `libc`) out of a package name such as `@biomejs/cli-linux-x64-musl`. */
export function platformOf(name: string): Record<string, string[]> | undefined {
  const words = name.split(/[-/]/);
  const cpu = processors.find((word) => words.includes(word));
  const os = systems.find((word) => words.includes(word));
  if (cpu === undefined || os === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return os === 'linux' ? { cpu: [cpu], libc: [libc], os: [os] } : { cpu: [cpu], os: [os] };
}

/** Where Node would find `name` from the package at `path`, among the entries of the lock. */
function isLocked(lock: Lock, path: string, name: string): boolean {
  const folders = path === '' ? [] : path.split('/');
  return [...folders.keys(), folders.length].some((depth) => {
    const base = folders.slice(0, depth).join('/');
    return `${base === '' ? '' : `${base}/`}node_modules/${name}` in lock.packages;
  });
}

/** The entries to add, by path. */
export function missingPlatformPackages(lock: Lock): Record<string, object> {
  const missing = Object.entries(lock.packages).flatMap(([path, { dev, optionalDependencies }]) =>
    Object.entries(optionalDependencies ?? {}).flatMap(([name, version]) => {
      const platform = platformOf(name);
      const isExact = /^\d+\.\d+\.\d+(?:[-+].*)?$/.test(version);
      if (platform === undefined || !isExact || isLocked(lock, path, name)) return [];
      return [[`node_modules/${name}`, { version, ...(dev ? { dev } : {}), ...platform, optional: true }] as const];
    }),
  );
  return Object.fromEntries(missing);
}

export function writeCompleteLock(root: string): Promise<readonly GeneratedFile[]> {
  const path = 'package-lock.json';
  const text = readFileSync(join(root, path), 'utf8');
  const lock = JSON.parse(text) as Lock;
  const missing = missingPlatformPackages(lock);
  if (Object.keys(missing).length === 0) return Promise.resolve([{ path, text }]);
  // npm sorts paths by locale; equal order keeps later diffs small.
  const entries = Object.entries({ ...lock.packages, ...missing }).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  return Promise.resolve([
    { path, text: `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n` },
  ]);
}
