// One function of two numbers, both read through strides. Prelude: those of coordinates.wgsl, A0 … A5 and B0 … B5 (strides),
// A_ITEM and B_ITEM (numbers an item; 0 for a weight), FUNCTION (order of `binaryFunctions`).

@group(0) @binding(1) var<storage, read> a: array<T1>;
@group(0) @binding(2) var<storage, read> b: array<T2>;
@group(0) @binding(3) var<storage, read_write> y: array<T3>;

fn apply(p: f32, q: f32) -> f32 {
  switch (FUNCTION) {
    case 0: { return p + q; }
    case 1: { return p - q; }
    case 2: { return p * q; }
    case 3: { return p / q; }
    case 4: { return min(p, q); }
    default: { return max(p, q); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= run.items * ITEM_SIZE) { return; }
  let item = index / ITEM_SIZE;
  let at = coordinates_of(index);
  let p = f32(a[item * u32(A_ITEM) + offset_of(at, vec3u(A0, A1, A2), vec3u(A3, A4, A5))]);
  let q = f32(b[item * u32(B_ITEM) + offset_of(at, vec3u(B0, B1, B2), vec3u(B3, B4, B5))]);
  y[index] = T3(apply(p, q));
}
