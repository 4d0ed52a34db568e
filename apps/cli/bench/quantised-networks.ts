/** The networks of the benchmark, quantised by `quantise-networks.py` and kept in a folder. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeImages, networks } from './networks.ts';

const script = fileURLToPath(new URL('quantise-networks.py', import.meta.url));
let own: string | undefined;

/** Quantising takes a minute a network; `keep` is a folder for the files, '' one for this process. */
export function quantised(name: string, form: string, side: number, python: string, keep: string): Uint8Array {
  if (keep === '') own ??= folderOfProcess();
  const folder = own ?? keep;
  const stem = `${name.replaceAll('/', '-')}-${side}`;
  const path = join(folder, `${stem}.${form}.onnx`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${stem}.onnx`), networks[name]!.make(side));
    writeFileSync(join(folder, 'calibration.f32'), makeImages(4, side, 11));
    execFileSync(python, [script, folder, stem], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return readFileSync(path);
}

function folderOfProcess(): string {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-quantised-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
