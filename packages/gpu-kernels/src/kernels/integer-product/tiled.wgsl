// Convolution of integers without groups as a matrix product, and the `gemm-integer` step: see conv2d/implicit-gemm.wgsl,
// whose layout this has. Workgroup: 16x16 threads, a 64x64 tile, four by four results a thread, the inner dimension (kernel
// row, kernel column, channel) in slices of 16. Prelude: POINTWISE, and that of _lib/integer-product.wgsl.

const TILE = 64u;
const SLICE = 16u;

var<workgroup> tile_x: array<i32, TILE * SLICE>;       // [inner][row]
var<workgroup> tile_weight: array<i32, TILE * SLICE>;  // [inner][column]

// Element (row, inner) of the matrix of patches without its zero point; zero where the patch hangs over the edge.
fn patch_element(row: u32, inner: u32) -> i32 {
  if (POINTWISE) { return i32(x[row * run.channels + inner]) - run.zero_point; }
  let strides = pair(run.strides);
  let pads = pair(run.pads);
  let dilations = pair(run.dilations);
  let kernel_width = run.kernel >> 16u;
  let channel = inner % run.channels;
  let tap = inner / run.channels;
  let line = row / run.out_width;
  let from_y = i32(line % run.out_height) * strides.x + i32(tap / kernel_width) * dilations.x - pads.x;
  let from_x = i32(row % run.out_width) * strides.y + i32(tap % kernel_width) * dilations.y - pads.y;
  if (from_y < 0 || from_y >= run.height || from_x < 0 || from_x >= run.width) { return 0; }
  let item = line / run.out_height;
  let at = ((item * u32(run.height) + u32(from_y)) * u32(run.width) + u32(from_x)) * run.channels + channel;
  return i32(x[at]) - run.zero_point;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let inner_size = (run.kernel & 0xffffu) * (run.kernel >> 16u) * run.channels;
  let words = (inner_size + PER_WORD - 1u) / PER_WORD;
  let rows = run.items * run.out_height * run.out_width;
  let columns = run.out_channels;
  let first_row = (group.z * groups.x + group.x) * TILE;
  let first_column = group.y * TILE;
  var sum0 = vec4i();
  var sum1 = vec4i();
  var sum2 = vec4i();
  var sum3 = vec4i();

  for (var first = 0u; first < inner_size; first += SLICE) {
    let inner = first + lane % SLICE;
    for (var i = 0u; i < 4u; i++) {
      let at = lane / SLICE + i * 16u;
      let row = first_row + at;
      let column = first_column + at;
      var from_x = 0;
      var from_weight = 0;
      if (inner < inner_size && row < rows) { from_x = patch_element(row, inner); }
      if (inner < inner_size && column < columns) { from_weight = weight_at(column * words, inner); }
      tile_x[(lane % SLICE) * TILE + at] = from_x;
      tile_weight[(lane % SLICE) * TILE + at] = from_weight;
    }
    workgroupBarrier();
    for (var k = 0u; k < SLICE + run.zero; k++) {
      let at = k * TILE + local.x * 4u;
      let first_x = k * TILE + local.y * 4u;
      let w = vec4i(tile_weight[at], tile_weight[at + 1u], tile_weight[at + 2u], tile_weight[at + 3u]);
      sum0 += tile_x[first_x] * w;
      sum1 += tile_x[first_x + 1u] * w;
      sum2 += tile_x[first_x + 2u] * w;
      sum3 += tile_x[first_x + 3u] * w;
    }
    workgroupBarrier();
  }

  let sums = array(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 4u; i++) {
    let row = first_row + local.y * 4u + i;
    for (var j = 0u; j < 4u; j++) {
      let column = first_column + local.x * 4u + j;
      if (row < rows && column < columns) { y[row * columns + column] = finish(sums[i][j], column); }
    }
  }
}
