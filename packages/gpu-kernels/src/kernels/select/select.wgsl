// a where c is not 0, else b; all three read through strides. Prelude: those of coordinates.wgsl, C0 … C5, A0 … A5 and B0 … B5
// (strides), C_ITEM, A_ITEM and B_ITEM (numbers an item; 0 for a weight). c stays float32: a small number is not 0.

@group(0) @binding(1) var<storage, read> c: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<T2>;
@group(0) @binding(3) var<storage, read> b: array<T3>;
@group(0) @binding(4) var<storage, read_write> y: array<T4>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= run.items * ITEM_SIZE) { return; }
  let item = index / ITEM_SIZE;
  let at = coordinates_of(index);
  let condition = c[item * u32(C_ITEM) + offset_of(at, vec3u(C0, C1, C2), vec3u(C3, C4, C5))];
  let p = f32(a[item * u32(A_ITEM) + offset_of(at, vec3u(A0, A1, A2), vec3u(A3, A4, A5))]);
  let q = f32(b[item * u32(B_ITEM) + offset_of(at, vec3u(B0, B1, B2), vec3u(B3, B4, B5))]);
  y[index] = T4(select(q, p, condition != 0.0));
}
