/** What `half-precision.test.ts` leaves out: every case, in every tile, and the other networks; minutes on a software GPU. */
import { describe, it, vi } from 'vitest';
import { representativeCases } from '../../kernels/representative-cases.ts';
import { goldenNames } from '../../onnx/golden-networks.ts';
import { absent, describeHalfCases, expectNetworkInHalf, quickNetworks, setups } from '../../testing/half-precision.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const [[name, options, cases], ...tiles] = setups;

describe.skipIf(absent !== undefined)(`half precision, all cases (here: ${absent ?? 'present'})`, () => {
  describeHalfCases([[name, options, cases.filter((given) => !representativeCases.includes(given))], ...tiles]);

  it.each(goldenNames.filter((golden) => !quickNetworks.includes(golden)))(
    'scores the network %s within 1e-3 of onnxruntime in float32',
    expectNetworkInHalf,
  );
});
