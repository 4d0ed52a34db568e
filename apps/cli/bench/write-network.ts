/** Writes a network as an ONNX file, in a process that then ends: `node write-network.ts NAME SIDE FILE`. */
import { writeFileSync } from 'node:fs';
import { networks } from './networks.ts';

const [name, side, file] = process.argv.slice(2) as [string, string, string];
writeFileSync(file, networks[name]!.make(Number(side)));
