// One function of each number. Prelude: SIZE (numbers an item), and those of activation.wgsl.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index < run.items * u32(SIZE)) { y[index] = T2(activate(f32(x[index]))); }
}
