// One part of a concatenation: rows of x become a piece of the rows of y. The other parts are
// other dispatches. Sizes come with the run, so that all parts share one pipeline.

struct Run { items: u32, zero: u32, row: u32, row_of_y: u32, first: u32, rows: u32 }
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let source = flat_index(group, groups, lane);
  if (source >= run.items * run.rows * run.row) { return; }
  y[source / run.row * run.row_of_y + run.first + source % run.row] = T2(x[source]);
}
