// Numbers moved through strides that may be 0 or negative. Prelude: those of coordinates.wgsl, FROM0 … FROM5 (strides), OFFSET,
// X_ITEM (numbers an item; 0 for a weight).

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= run.items * ITEM_SIZE) { return; }
  let at = coordinates_of(index);
  let moves = vec3i(at.outer) * vec3i(FROM0, FROM1, FROM2) + vec3i(at.inner) * vec3i(FROM3, FROM4, FROM5);
  y[index] = T2(x[index / ITEM_SIZE * u32(X_ITEM) + u32(OFFSET + moves.x + moves.y + moves.z)]);
}
