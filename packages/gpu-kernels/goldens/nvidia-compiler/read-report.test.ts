import { expect, it } from 'vitest';
import { hottestLoop, readReport } from './read-report.ts';

/** Shortened by hand from a report of NVK 26.2: a loop of two blocks in a loop of four. */
const text = `Subgroup size	32
Instruction count	12
Max warps/SM	8
Spills to memory	2
Number of GPRs	240
SLM size	64
== NIR shader
workgroup_size: 128, 1, 1
shared_size: 40960
== NAK assembly
block.u 0 L2 [] -> {
      r0        = s2r sr[0x21]                                // delay=1 wr:0
} -> [1]
block.u 1 L3 [0, 4] -> {
      r8        = f2i.u32.f32.rz.ftz r8                       // delay=2 wr:1
} -> [2]
block 2 L4 [1, 3] -> {
      r4..8     = ldsm.16.m8n8.x4 [r0]                        // delay=1 wr:0
      r0..4     = hmma.m16n8k16.f32 r184..188 r178..180 r0..4 // delay=15
} -> [3, 4]
block 3 L5 [2] -> {
@!p0              st.shared.strong.cta.b128 [r161.x16+rZ] r28 // delay=1 rd:0
                  bra pT L4                                   // delay=1
} -> [2]
block.u 4 L6 [2] -> {
      r12..16   = ld.global.a64.constant.b128 [r8..10+rZ], pT // delay=1 wr:1
                  bar.sync                                    // delay=6 yld
                  bra pT L3                                   // delay=1
} -> [1, 5]
block.u 5 L7 [4] -> {
                  st.local.strong.cta.b32 [r1] r2             // delay=1
                  exit                                        // delay=1
} -> []
`;

it('reads numbers, instructions and loops', () => {
  const report = readReport(text);
  expect(report).toMatchObject({ registers: 240, spills: 2, localBytes: 64, sharedBytes: 40960, instructions: 12, warpsAUnit: 8 }); // biome-ignore format: one list
  expect(report.counts).toEqual({ division: 1, ldsm: 1, hmma: 1, 'sts.b128': 1, 'ldg.b128': 1, bar: 1, 'stl.b32': 1 });
  expect(report.loops.map(({ depth, blocks, instructions }) => [depth, blocks, instructions])).toEqual([
    [1, 4, 8],
    [2, 2, 4],
  ]);
  expect(hottestLoop(report)!.counts).toEqual({ ldsm: 1, hmma: 1, 'sts.b128': 1 });
});

it('refuses what another driver writes', () => {
  expect(() => readReport('Subgroup size\t8\n')).toThrow('Was another driver used?');
});
