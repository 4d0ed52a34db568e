// Convolution without groups as a matrix product: rows are output pixels of all items, columns output channels, and the
// inner dimension runs over kernel row, kernel column, input channel. Input patches are gathered tile by tile, never stored.
// With a 1x1 kernel, stride 1 and no padding (POINTWISE) it is a plain product and also serves the `gemm` step.
// Workgroup: 16x16 threads, a 64x64 tile, four by four results a thread, inner dimension in slices of 16.
// Sizes come with the run, not with the prelude: a driver may take seconds to compile this kernel, and so all layers of a
// network share a few variants. Prelude: POINTWISE HAS_BIAS HAS_RESIDUAL, and those of activation.wgsl.

struct Run {
  items: u32, zero: u32,
  height: i32, width: i32, channels: u32, out_height: u32, out_width: u32, out_channels: u32,
  kernel_height: u32, kernel_width: u32, stride_y: i32, stride_x: i32, pad_top: i32, pad_left: i32, dilation_y: i32, dilation_x: i32,
}
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const TILE = 64u;
const SLICE = 16u;

var<workgroup> tile_x: array<f32, TILE * SLICE>;       // [inner][row]
var<workgroup> tile_weight: array<f32, TILE * SLICE>;  // [inner][column]

// Element (row, inner) of the matrix of patches; zero where the patch hangs over the edge.
fn patch_element(row: u32, inner: u32) -> f32 {
  if (POINTWISE) { return x[row * run.channels + inner]; }
  let channel = inner % run.channels;
  let tap = inner / run.channels;
  let column = row % run.out_width;
  let line = row / run.out_width;
  let from_y = i32(line % run.out_height) * run.stride_y + i32(tap / run.kernel_width) * run.dilation_y - run.pad_top;
  let from_x = i32(column) * run.stride_x + i32(tap % run.kernel_width) * run.dilation_x - run.pad_left;
  if (from_y < 0 || from_y >= run.height || from_x < 0 || from_x >= run.width) { return 0.0; }
  let item = line / run.out_height;
  return x[((item * u32(run.height) + u32(from_y)) * u32(run.width) + u32(from_x)) * run.channels + channel];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let inner_size = run.kernel_height * run.kernel_width * run.channels;
  let rows = run.items * run.out_height * run.out_width;
  let columns = run.out_channels;
  let first_row = (group.z * groups.x + group.x) * TILE;
  let first_column = group.y * TILE;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();

  for (var first = 0u; first < inner_size; first += SLICE) {
    let inner = first + lane % SLICE;
    for (var i = 0u; i < 4u; i++) {
      let at = lane / SLICE + i * 16u;
      let row = first_row + at;
      let column = first_column + at;
      var from_x = 0.0;
      var from_weight = 0.0;
      if (inner < inner_size && row < rows) { from_x = patch_element(row, inner); }
      if (inner < inner_size && column < columns) { from_weight = weight[column * inner_size + inner]; }
      tile_x[(lane % SLICE) * TILE + at] = from_x;
      tile_weight[(lane % SLICE) * TILE + at] = from_weight;
    }
    workgroupBarrier();
    for (var k = 0u; k < SLICE + run.zero; k++) {
      let at = k * TILE + local.x * 4u;
      let first_x = k * TILE + local.y * 4u;
      let w = vec4f(tile_weight[at], tile_weight[at + 1u], tile_weight[at + 2u], tile_weight[at + 3u]);
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
      if (row < rows && column < columns) {
        let to = row * columns + column;
        var sum = sums[i][j];
        if (HAS_BIAS) { sum += bias[column]; }
        if (HAS_RESIDUAL) { sum += residual[to]; }
        y[to] = activate(sum);
      }
    }
  }
}
