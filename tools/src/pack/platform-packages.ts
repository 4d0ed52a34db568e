/** The npm packages of the addons, one for each platform, as @napi-rs/cli lays them out. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NapiCli, parseTriple } from '@napi-rs/cli';
import { listAddons } from '../../build-native.mjs';

interface NativeManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly napi: { readonly binaryName: string; readonly targets: readonly string[] };
}

/**
 * Makes a package below `scratch` for each addon in `folders`, and returns their folders. Throws where an addon is for none of
 * the targets that the package.json at `manifestPath` lists.
 */
export async function stageAddons(
  folders: readonly string[],
  manifestPath: string,
  scratch: string,
): Promise<readonly string[]> {
  const addons = folders.flatMap((folder) => listAddons(folder));
  if (addons.length === 0) return [];
  const { name, version, license, engines, napi } = JSON.parse(readFileSync(manifestPath, 'utf8')) as NativeManifest;
  mkdirSync(join(scratch, 'addons'), { recursive: true });
  for (const addon of addons) copyFileSync(addon, join(scratch, 'addons', basename(addon)));

  const names = addons.map((addon) => basename(addon));
  const platformOf = (triple: string): string => parseTriple(triple).platformArchABI;
  const targets = napi.targets.filter((triple) => names.includes(`${napi.binaryName}.${platformOf(triple)}.node`));
  // The tool reads targets from a package.json, takes each of them to be built, and writes beside that file.
  const description = `The native backend of ${name} for one platform.`;
  const manifest = { name, version, description, license, engines, napi: { ...napi, targets } };
  writeFileSync(join(scratch, 'package.json'), JSON.stringify(manifest));
  const cli = new NapiCli();
  await cli.createNpmDirs({ cwd: scratch });
  // Throws for an addon whose target is not listed.
  await cli.artifacts({ cwd: scratch, outputDir: 'addons' });
  return targets.map((triple) => join(scratch, 'npm', platformOf(triple)));
}
