// Prelude: those of coordinates.wgsl, FROM0 … FROM5: the input stride of each output dimension.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= run.items * ITEM_SIZE) { return; }
  let offset = offset_of(coordinates_of(index), vec3u(FROM0, FROM1, FROM2), vec3u(FROM3, FROM4, FROM5));
  y[index] = T2(x[index / ITEM_SIZE * ITEM_SIZE + offset]);
}
