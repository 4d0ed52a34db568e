/** The package.json of a package as npm gets it: JavaScript in the place of TypeScript, nothing that only the workspace uses. */

export type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly exports: Exports;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackedManifest extends Omit<Manifest, 'exports'> {
  readonly type: 'module';
  readonly sideEffects: false;
  readonly exports: Exports;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Of a source file `x.ts` the declaration `x.d.ts` and the code `x.js`; other entrances are left as they are, without sources as types. */
function compiled(entrance: Exports[string]): Exports[string] {
  if (typeof entrance !== 'string') {
    return Object.fromEntries(Object.entries(entrance).filter(([, path]) => !path.endsWith('.ts')));
  }
  const stem = /^(.*)\.ts$/.exec(entrance)?.[1];
  return stem === undefined ? entrance : { types: `${stem}.d.ts`, default: `${stem}.js` };
}

export interface PackedAs {
  /** Whether the package's code holds its dependencies already. */
  readonly isBundled: boolean;
  /** Names of packages that npm installs where they fit the platform, in the package's own version. */
  readonly optional: readonly string[];
  /** Whether the package holds that file: entrances that only the workspace's tests use are left out with their code. */
  isThere(file: string): boolean;
}

export function packedManifest(manifest: Manifest, { isBundled, optional, isThere }: PackedAs): PackedManifest {
  const { name, version, license, engines, exports, bin, dependencies } = manifest;
  return {
    name,
    version,
    license,
    type: 'module',
    sideEffects: false,
    engines,
    exports: Object.fromEntries(
      Object.entries(exports)
        .map(([path, entrance]) => [path, compiled(entrance)] as const)
        .filter(([, entrance]) => (typeof entrance === 'string' ? [entrance] : Object.values(entrance)).every(isThere)),
    ),
    ...(bin && { bin }),
    ...(dependencies && !isBundled && { dependencies }),
    ...(optional.length > 0 && { optionalDependencies: Object.fromEntries(optional.map((each) => [each, version])) }),
  };
}
