// Batched product of row-major matrices, y = a · b. One workgroup a 16x16 tile, and further tiles where the grid is too short for
// all; z counts matrices.
// Prelude: ROWS COLUMNS INNER MATRICES (an item), A_SHARED B_SHARED (one matrix for all).

@group(0) @binding(1) var<storage, read> a: array<T1>;
@group(0) @binding(2) var<storage, read> b: array<T2>;
@group(0) @binding(3) var<storage, read_write> y: array<T3>;

const TILE = 16u;
var<workgroup> tile_a: array<f32, TILE * TILE>;
var<workgroup> tile_b: array<f32, TILE * TILE>;

fn tile(matrix: u32, row: u32, column: u32, local: vec3u) {
  let from_a = select(matrix, 0u, A_SHARED) * u32(ROWS * INNER);
  let from_b = select(matrix, 0u, B_SHARED) * u32(INNER * COLUMNS);
  var sum = 0.0;
  for (var first = 0u; first < u32(INNER) + run.zero; first += TILE) {
    var value_a = 0.0;
    var value_b = 0.0;
    if (row < u32(ROWS) && first + local.x < u32(INNER)) { value_a = f32(a[from_a + row * u32(INNER) + first + local.x]); }
    if (column < u32(COLUMNS) && first + local.y < u32(INNER)) { value_b = f32(b[from_b + (first + local.y) * u32(COLUMNS) + column]); }
    tile_a[local.y * TILE + local.x] = value_a;
    tile_b[local.y * TILE + local.x] = value_b;
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) { sum += tile_a[local.y * TILE + k] * tile_b[k * TILE + local.x]; }
    workgroupBarrier();
  }
  if (row < u32(ROWS) && column < u32(COLUMNS)) { y[(matrix * u32(ROWS) + row) * u32(COLUMNS) + column] = T3(sum); }
}

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) local: vec3u) {
  for (var matrix = group.z; matrix < run.items * u32(MATRICES); matrix += groups.z) {
    for (var top = group.y * TILE; top < u32(ROWS); top += groups.y * TILE) {
      for (var left = group.x * TILE; left < u32(COLUMNS); left += groups.x * TILE) { tile(matrix, top + local.y, left + local.x, local); }
    }
  }
}
