// What every step kernel knows of the run: how many items of the batch are filled.
// `zero` is always 0: added to the bound of a loop, it keeps drivers from unrolling it, which takes llvmpipe seconds a kernel.
struct Run { items: u32, zero: u32 }
@group(0) @binding(0) var<uniform> run: Run;
