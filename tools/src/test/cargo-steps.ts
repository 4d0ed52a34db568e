/** The steps of the test command over the Rust crates. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import { runCommand } from './run-command.ts';
import { check, type Findings, skippedStep, type TestStep } from './step.ts';

const crate = 'packages/gpu-kernels/native';
const manifest = ['--manifest-path', `${crate}/Cargo.toml`];

/** Tests of the Rust crates without Node in them; the addon is a shell, tested through the native backend. */
export const cargo: TestStep = {
  name: 'cargo',
  run: () => runCargo('cargo test', []),
};

/** The same on an emulated aarch64, which has other kernels. Nothing is installed for it: it runs where its parts are. */
export const cargoOnAarch64: TestStep = {
  name: 'cargo-aarch64',
  async run() {
    const target = 'aarch64-unknown-linux-gnu';
    const name = `cargo test --target ${target}`;
    if (process.arch === 'arm64') return skippedStep(crate, name, 'this machine is aarch64 itself');
    const linker = 'aarch64-linux-gnu-gcc';
    const emulator = await firstOf(['qemu-aarch64', 'qemu-aarch64-static']);
    if (emulator === undefined) return skippedStep(crate, name, 'qemu-aarch64 is not installed');
    if ((await firstOf([linker])) === undefined) return skippedStep(crate, name, `${linker} is not installed`);
    const std = await runCommand([process.env.RUSTC ?? 'rustc', '--print', 'target-libdir', '--target', target]);
    if (std.exitCode !== 0 || !existsSync(std.output.trim())) {
      return skippedStep(crate, name, `rustc has no standard library for ${target}`);
    }
    const variable = 'CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_';
    return runCargo(name, ['--target', target, '--tests'], {
      [`${variable}LINKER`]: linker,
      [`${variable}RUNNER`]: emulator,
      // The emulator needs no libraries of that machine.
      [`${variable}RUSTFLAGS`]: '-C target-feature=+crt-static',
    });
  },
};

/** The first of some programs that is installed. */
async function firstOf(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) if ((await runCommand([program, '--version'])).exitCode === 0) return program;
  return undefined;
}

async function runCargo(
  name: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Findings> {
  if (!existsSync(join(repositoryRoot, crate, 'Cargo.toml'))) return skippedStep(crate, name, 'there is no crate');
  const described = await runCommand(['cargo', 'metadata', '--format-version', '1', '--no-deps', '--quiet', ...manifest]);
  if (described.exitCode === 127) return skippedStep(crate, name, 'cargo is not installed');
  if (described.exitCode !== 0) return { passed: 0, failed: 1, skipped: [], failures: [described.output] };
  const { packages } = JSON.parse(described.output) as CargoMetadata;
  const names = packages.filter(({ targets }) => !targets.some((target) => target.crate_types.includes('cdylib')));
  const selected = names.flatMap((found) => ['--package', found.name]);
  const { exitCode, output } = await runCommand(['cargo', 'test', ...selected, ...options, ...manifest], { environment });
  return readCargoTotals(output, exitCode);
}

interface CargoMetadata {
  readonly packages: readonly {
    readonly name: string;
    readonly targets: readonly { readonly crate_types: readonly string[] }[];
  }[];
}

/** Sums the `test result:` lines, one for each test binary. */
export function readCargoTotals(output: string, exitCode: number): Findings {
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (group: number): number => results.reduce((total, match) => total + Number(match[group]), 0);
  const failures = [...output.matchAll(/^test (\S+) \.\.\. FAILED/gm)].map((match) => `${crate}: ${match[1]}`);
  if (exitCode !== 0 && failures.length === 0) failures.push(`cargo test ended with ${exitCode}`);
  const skipped = [...output.matchAll(/^test (\S+) \.\.\. ignored(?:, (.*))?$/gm)].map((match) => ({
    file: crate,
    name: match[1]!,
    reason: match[2],
  }));
  const findings = { passed: sum(1), failed: Math.max(sum(2), failures.length), skipped, failures };
  return exitCode === 0 ? findings : { ...findings, output };
}

/** That of Rust 1.95. Every version names other things, so that another one says nothing of a change here. */
const clippyVersion = '0.1.95';

/** Lints of both crates and their tests; every warning is an error. */
export const clippy: TestStep = {
  name: 'clippy',
  async run() {
    const reason = whyNoClippy(await runCommand(['cargo', 'clippy', '--version']));
    if (reason !== undefined) return skippedStep(crate, 'cargo clippy', reason);
    return check('clippy', 'cargo', 'clippy', '--all-targets', '--workspace', ...manifest, '--', '-D', 'warnings').run();
  },
};

/** Why lints cannot run here, of what `cargo clippy --version` gave; undefined where they can. */
export function whyNoClippy({
  exitCode,
  output,
}: {
  readonly exitCode: number;
  readonly output: string;
}): string | undefined {
  if (exitCode !== 0) return 'clippy is not installed';
  const found = /^clippy (\d+\.\d+\.\d+)/m.exec(output)?.[1];
  return found === clippyVersion
    ? undefined
    : `clippy ${found ?? 'of no known version'} is installed, expected ${clippyVersion}`;
}
