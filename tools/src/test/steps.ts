/** The steps of the test command: quick checks first, then the tests. */
import { cargo, cargoOnAarch64, clippy } from './cargo-steps.ts';
import { check, type TestStep } from './step.ts';
import type { Tier } from './tiers.ts';
import { vitest } from './vitest-step.ts';

/** Steps that run one after another. */
type Lane = readonly TestStep[];

/** In order; the lanes of one stage run side by side. */
export const stagesOf = (tier: Tier): readonly (readonly Lane[])[] => [
  [
    [
      check('generated', 'node', 'tools/src/generate.ts', '--check'),
      check('structure', 'node', 'tools/src/check-structure.ts'),
      check('biome', 'node', 'node_modules/@biomejs/biome/bin/biome', 'check', '--colors=off', '.'),
      check('oxlint', 'node', 'node_modules/oxlint/bin/oxlint', '--type-aware'),
      check('types', 'node', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'),
    ],
  ],
  // Examples of the documentation wait for processes and servers while cargo compiles.
  [[check('docs', 'node', 'tools/src/check-docs.ts')], [clippy, cargo, cargoOnAarch64]],
  // Alone, because tests have time limits.
  [[vitest(tier)]],
];
