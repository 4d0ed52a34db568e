// Entries of one dimension of x, chosen by index: x is [outer, LENGTH, INNER], y is [outer, COUNT, INNER]. One thread a result.
// Of a table in parts, x is ROWS entries from FIRST on, and a dispatch for each part writes what it has; the first one writes the rest too.
// Prelude: SIZE (results an item), LENGTH, FIRST, ROWS, COUNT, INNER, X_ITEM and INDICES_ITEM (numbers an item; 0 for a weight).

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read> indices: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<T3>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(SIZE)) { return; }
  let item = to / u32(SIZE);
  let within = to % u32(SIZE);
  let outer = within / u32(COUNT * INNER);
  let given = indices[item * u32(INDICES_ITEM) + within / u32(INNER) % u32(COUNT)];
  // Beyond i32 the conversion stops at its ends, which are no index of any buffer; what it makes of NaN is left open.
  var index = select(i32(given), -LENGTH - 1, size_bits(given) > 0x7f800000u);
  if (index < 0) { index += LENGTH; }
  let row = index - FIRST;
  let is_here = row >= 0 && row < ROWS;
  if (FIRST > 0 && !is_here) { return; }
  var value = nan();
  if (is_here) {
    value = f32(x[item * u32(X_ITEM) + (outer * u32(ROWS) + u32(row)) * u32(INNER) + within % u32(INNER)]);
  }
  y[to] = T3(value);
}
