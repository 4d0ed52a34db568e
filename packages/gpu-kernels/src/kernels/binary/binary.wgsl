// One function of two numbers, both read through strides. Prelude: those of coordinates.wgsl, A0 … A5 and B0 … B5 (strides),
// A_ITEM and B_ITEM (numbers an item; 0 for a weight), FUNCTION (order of `binaryFunctions`).

@group(0) @binding(1) var<storage, read> a: array<T1>;
@group(0) @binding(2) var<storage, read> b: array<T2>;
@group(0) @binding(3) var<storage, read_write> y: array<T3>;

fn or_nan(p: f32, q: f32, otherwise: f32) -> f32 { return nan_or(max(size_bits(p), size_bits(q)), otherwise); }

// What is left of a when b is subtracted as often as it goes, with the sign of a: b times each power of two, the largest first,
// which rounds nothing.
fn remainder(p: f32, q: f32) -> f32 {
  if (is_infinite(p) || q == 0.0) { return nan(); }
  var rest = abs(p);
  for (var power = i32(size_bits(p) >> 23u) - i32(size_bits(q) >> 23u); power >= 0; power--) {
    let multiple = ldexp(abs(q), power);
    if (rest >= multiple) { rest -= multiple; }
  }
  return or_nan(p, q, select(rest, -rest, p < 0.0));
}

fn floor_remainder(p: f32, q: f32) -> f32 {
  let rest = remainder(p, q);
  return select(rest, rest + q, rest != 0.0 && (rest < 0.0) != (q < 0.0));
}

// WGSL leaves the power of a negative number open. As in C and NumPy, 1 to any power is 1, and so is −1 to an infinite one.
fn power(p: f32, q: f32) -> f32 {
  if (q == 0.0 || p == 1.0 || (p == -1.0 && is_infinite(q))) { return 1.0; }
  let size = or_nan(p, q, pow(abs(p), q));
  if (p >= 0.0) { return size; }
  if (q != trunc(q) && !is_infinite(p)) { return nan(); }
  return select(size, -size, abs(q) % 2.0 == 1.0);
}

fn apply(p: f32, q: f32) -> f32 {
  switch (FUNCTION) {
    case 0: { return p + q; }
    case 1: { return p - q; }
    case 2: { return p * q; }
    case 3: { return p / q; }
    case 4: { return or_nan(p, q, min(p, q)); }
    case 5: { return or_nan(p, q, max(p, q)); }
    case 6: { return power(p, q); }
    case 7: { return floor_remainder(p, q); }
    case 8: { return remainder(p, q); }
    case 9: { return round((p - remainder(p, q)) / q); }
    case 10: { return select(0.0, 1.0, p == q); }
    case 11: { return select(0.0, 1.0, p < q); }
    case 12: { return select(0.0, 1.0, p <= q); }
    default: { return select(p, p * q, p < 0.0); }
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
