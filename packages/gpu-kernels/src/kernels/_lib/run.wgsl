// What every step kernel knows of the run: how many items of the batch are filled.
struct Run { items: u32 }
@group(0) @binding(0) var<uniform> run: Run;
