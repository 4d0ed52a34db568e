/** `diptych model profile`: what each kernel of an ONNX file takes. Inputs are made up; times hardly depend on them. */
import { openRuntime, profileRows } from '@diptych/gpu-kernels';
import { openOnnxFile } from '@diptych/gpu-kernels/onnx';
import type { BackendName, GraphInput, Precision, Tensors } from '@diptych/plugin-kit';
import { type NetworkOptions, onnxOptions, positiveInteger } from '../network-options.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { checkTraceFile, renderProfile, writeTrace } from '../profile.ts';
import { checkPrecision } from '../wire.ts';

interface ProfileOptions extends OutputOptions, NetworkOptions {
  readonly runs: string;
  readonly backend?: BackendName;
  readonly adapter?: string;
  readonly precision?: Precision;
  /** File for the trace. */
  readonly profile?: string;
}

export default async function modelProfile(file: string, options: ProfileOptions): Promise<void> {
  const { backend, adapter, precision } = options;
  checkPrecision(options);
  const given = onnxOptions(options);
  const { batch, quantisation, items } = given;
  const runs = positiveInteger('--runs', options.runs);
  if (options.profile) await checkTraceFile(options.profile);
  const { bytes, readExternal } = await openOnnxFile(file);
  await using runtime = await openRuntime({
    profile: true,
    ...(backend && { prefer: backend }),
    ...(adapter && { adapter }),
    ...(precision && { precision }),
  });
  await using model = await runtime.loadOnnx(bytes, { ...given, readExternal });
  const inputs = madeUp(model.inputs, batch);
  await model.run(inputs);
  const warm = runtime.times.length;
  for (let run = 0; run < runs; run++) await model.run(inputs);
  const times = runtime.times.slice(warm);
  if (options.profile) await writeTrace(options.profile, times);
  printResult(options, { ...runtime.info, batch, quantisation, items, runs, kernels: profileRows(times) }, () =>
    renderProfile(times),
  );
}

/** Numbers from −1 to 1 in no order; 0 where whole numbers are asked for, which is a place in every table. */
function madeUp(inputs: readonly GraphInput[], batch: number): Tensors {
  const tensor = ({ shape: item, whole }: GraphInput): Tensors[string] => {
    const shape = [batch, ...item];
    const length = shape.reduce((product, size) => product * size, 1);
    return { shape, data: Float32Array.from({ length }, (_, i) => (whole ? 0 : ((i * 7919) % 2001) / 1000 - 1)) };
  };
  return Object.fromEntries(inputs.map((input) => [input.name, tensor(input)]));
}
