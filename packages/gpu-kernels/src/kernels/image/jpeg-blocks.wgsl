// 8 x 8 blocks of a component through colour conversion, chroma means, libjpeg's islow DCT, quantisation and back, in i32.
// Table: quantisation of luma, of chroma. Formulas: src/image-ops/jpeg-stage.ts and jpeg-dct.ts. Eight threads a block, each a
// row of it and then a column, which are a thread's only numbers: a whole block is more than compilers keep in registers.

const BLOCKS = 8u;  // of a workgroup
// Rows lie an odd distance apart, so that threads side by side meet different banks in both directions.
const ROW = 9u;
const BLOCK = 8u * ROW;
var<workgroup> staged: array<i32, BLOCKS * BLOCK>;

fn component_at(component: u32, x: u32, y: u32) -> i32 {
  let p = load_pixel(min(x, image.width - 1u), min(y, image.height - 1u));
  if (component == 0u) { return (p.x * 19595 + p.y * 38470 + p.z * 7471 + 32768) >> 16u; }
  if (component == 1u) { return (p.x * -11059 + p.y * -21709 + p.z * 32768 + 8421375) >> 16u; }
  return (p.x * 32768 + p.y * -27439 + p.z * -5329 + 8421375) >> 16u;
}

fn sample(component: u32, x: u32, y: u32, rows: u32) -> i32 {
  if (component == 0u || !SUBSAMPLED) { return component_at(component, x, y); }
  let left = x * 2u;
  let top = min(y, rows - 1u) * 2u;
  let sum = component_at(component, left, top) + component_at(component, left + 1u, top)
    + component_at(component, left, top + 1u) + component_at(component, left + 1u, top + 1u);
  return (sum + 1 + i32(x % 2u)) >> 2u;
}

fn rounded(value: i32, bits: u32) -> i32 { return (value + (1 << (bits - 1u))) >> bits; }

// The rotations of the odd part, which both directions share.
fn odd_part(a: i32, b: i32, d: i32, e: i32) -> vec4i {
  let z5 = (a + d + b + e) * 9633;
  let z1 = (a + e) * -7373;
  let z2 = (b + d) * -20995;
  let z3 = (a + d) * -16069 + z5;
  let z4 = (b + e) * -3196 + z5;
  return vec4i(a * 2446 + z1 + z3, b * 16819 + z2 + z4, d * 25172 + z2 + z3, e * 12299 + z1 + z4);
}

fn forward_pass(at: u32, step: u32, is_first: bool) {
  var x: array<i32, 8>;
  for (var i = 0u; i < 8u; i++) { x[i] = staged[at + i * step]; }
  let bits = select(15u, 11u, is_first);
  let even0 = x[0] + x[7] + x[3] + x[4];
  let even3 = x[0] + x[7] - x[3] - x[4];
  let even1 = x[1] + x[6] + x[2] + x[5];
  let even2 = x[1] + x[6] - x[2] - x[5];
  let z1 = (even2 + even3) * 4433;
  let odd = odd_part(x[3] - x[4], x[2] - x[5], x[1] - x[6], x[0] - x[7]);
  staged[at] = select(rounded(even0 + even1, 2u), (even0 + even1) << 2u, is_first);
  staged[at + step] = rounded(odd.w, bits);
  staged[at + step * 2u] = rounded(z1 + even3 * 6270, bits);
  staged[at + step * 3u] = rounded(odd.z, bits);
  staged[at + step * 4u] = select(rounded(even0 - even1, 2u), (even0 - even1) << 2u, is_first);
  staged[at + step * 5u] = rounded(odd.y, bits);
  staged[at + step * 6u] = rounded(z1 - even2 * 15137, bits);
  staged[at + step * 7u] = rounded(odd.x, bits);
}

fn inverse_pass(at: u32, step: u32, is_first: bool) {
  var x: array<i32, 8>;
  for (var i = 0u; i < 8u; i++) { x[i] = staged[at + i * step]; }
  let bits = select(18u, 11u, is_first);
  let z1 = (x[2] + x[6]) * 4433;
  let t2 = z1 - x[6] * 15137;
  let t3 = z1 + x[2] * 6270;
  let t0 = (x[0] + x[4]) << 13u;
  let t1 = (x[0] - x[4]) << 13u;
  let even = vec4i(t0 + t3, t1 + t2, t1 - t2, t0 - t3);
  let odd = odd_part(x[7], x[5], x[3], x[1]).wzyx;
  for (var i = 0u; i < 4u; i++) {
    staged[at + i * step] = rounded(even[i] + odd[i], bits);
    staged[at + (7u - i) * step] = rounded(even[i] - odd[i], bits);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let thread = flat_index(group, groups, lane);
  let size = vec2u(image.width, image.height);
  let luma = plane_blocks(size);
  let chroma = plane_blocks(chroma_size(size));
  let count = luma + chroma * 2u;
  let index = min(thread / 8u, count - 1u);  // beyond the last it is repeated and not stored
  let component = select(select(2u, 1u, index < luma + chroma), 0u, index < luma);
  let number = select((index - luma) % max(chroma, 1u), index, component == 0u);
  let plane = select(chroma_size(size), size, vec2<bool>(component == 0u));
  let columns = blocks_of(plane.x);
  let line = lane % 8u;
  let block = lane / 8u * BLOCK;
  let row = block + line * ROW;
  let column = block + line;
  let corner = vec2u(number % columns, number / columns) * 8u;
  let x = corner.x + line;  // threads side by side load and store neighbours
  for (var i = 0u; i < 8u; i++) { staged[column + i * ROW] = sample(component, x, corner.y + i, plane.y) - 128; }
  workgroupBarrier();
  forward_pass(row, 1u, true);
  workgroupBarrier();
  forward_pass(column, ROW, false);
  let quantisation = select(64u, 0u, component == 0u) + line;
  for (var i = 0u; i < 8u; i++) {
    let step = table[quantisation + i * 8u];
    let value = staged[column + i * ROW];
    staged[column + i * ROW] = sign(value) * ((abs(value) + step * 4) / (step * 8)) * step;
  }
  inverse_pass(column, ROW, true);
  workgroupBarrier();
  inverse_pass(row, 1u, false);
  workgroupBarrier();
  if (thread / 8u >= count) { return; }
  let start = select(luma + select(chroma, 0u, component == 1u), 0u, component == 0u) * 64u;
  for (var i = 0u; i < 8u; i++) {
    let to = start + (corner.y + i) * columns * 8u + x;
    output[image.output_offset + to] = u32(clamp(staged[column + i * ROW] + 128, 0, 255));
  }
}
