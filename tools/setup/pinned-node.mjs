// Finds the Node that runs Diptych: the one pinned through npm, or this machine's own if it is new enough.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The oldest Node that runs the sources as they are: TypeScript since 22.18, `await using` since 24. */
export const oldestRunning = [24, 0];
/** The oldest Node that can run the set-up. */
export const oldestInstalling = [20, 0];

export function isAtLeast(version, [major, minor]) {
  const [ownMajor, ownMinor] = version.replace(/^v/, '').split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Where npm puts the pinned Node on this platform, relative to the repository. */
export function pinnedNodePath(platform = process.platform, arch = process.arch) {
  const system = platform === 'win32' ? 'win' : platform;
  const file = platform === 'win32' ? 'node.exe' : 'node';
  return join('node_modules', `node-${system}-${arch}`, 'bin', file);
}

const versionOf = (program) => spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';

/**
 * Absolute path of the Node to use, or undefined. `verify` starts the pinned one once, because a binary for
 * another C library is present and yet does not start.
 */
export function findNode(root, { verify }) {
  const pinned = join(root, pinnedNodePath());
  if (existsSync(pinned) && (!verify || versionOf(pinned).startsWith('v'))) return pinned;
  return isAtLeast(process.version, oldestRunning) ? process.execPath : undefined;
}
