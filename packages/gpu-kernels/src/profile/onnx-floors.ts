/** What an ONNX file must cost on a GPU, dispatch by dispatch: see `floors.ts`. Takes no memory of a backend. */
import type { OnnxOptions } from '@diptych/plugin-kit';
import type { Target } from '../kernels/kernel.ts';
import { planOnnx } from '../onnx/plan-onnx.ts';
import { type DispatchFloor, floorsOf, type GpuRates, h100Rates, h100Target } from './floors.ts';

/** The floors of an ONNX file's dispatches, in the order in which they run. Rejects with what planning of the file says. */
export async function onnxFloors(
  bytes: Uint8Array,
  options: OnnxOptions,
  target: Target = h100Target,
  rates: GpuRates = h100Rates,
): Promise<readonly DispatchFloor[]> {
  return floorsOf((await planOnnx(bytes, options)).planned.plan, target, rates);
}
