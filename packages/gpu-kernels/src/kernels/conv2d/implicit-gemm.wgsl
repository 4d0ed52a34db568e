// Convolution without groups as a matrix product: rows are output pixels of all items, columns output channels, and the
// inner dimension runs over kernel row, kernel column, input channel. Input patches are gathered tile by tile, never stored.
// With a 1x1 kernel, stride 1 and no padding (POINTWISE) it is a plain product and also serves the `gemm` step.
// Workgroup: 16x16 threads, a 64x64 tile, four by four results a thread, inner dimension in slices of 16.
// Prelude: HEIGHT WIDTH CHANNELS OUT_HEIGHT OUT_WIDTH OUT_CHANNELS KERNEL_HEIGHT KERNEL_WIDTH STRIDE_Y STRIDE_X PAD_TOP
// PAD_LEFT DILATION_Y DILATION_X POINTWISE HAS_BIAS HAS_RESIDUAL, and those of activation.wgsl.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const TILE = 64u;
const SLICE = 16u;
const PIXELS = u32(OUT_HEIGHT * OUT_WIDTH);
const INNER = u32(KERNEL_HEIGHT * KERNEL_WIDTH * CHANNELS);
const COLUMNS = u32(OUT_CHANNELS);

var<workgroup> tile_x: array<f32, TILE * SLICE>;       // [inner][row]
var<workgroup> tile_weight: array<f32, TILE * SLICE>;  // [inner][column]

// Element (row, inner) of the matrix of patches; zero where the patch hangs over the edge.
fn patch_element(row: u32, inner: u32) -> f32 {
  if (POINTWISE) { return x[row * INNER + inner]; }
  let item = row / PIXELS;
  let pixel = row % PIXELS;
  let channel = inner % u32(CHANNELS);
  let tap = inner / u32(CHANNELS);
  let from_y = i32(pixel / u32(OUT_WIDTH)) * STRIDE_Y + i32(tap / u32(KERNEL_WIDTH)) * DILATION_Y - PAD_TOP;
  let from_x = i32(pixel % u32(OUT_WIDTH)) * STRIDE_X + i32(tap % u32(KERNEL_WIDTH)) * DILATION_X - PAD_LEFT;
  if (from_y < 0 || from_y >= HEIGHT || from_x < 0 || from_x >= WIDTH) { return 0.0; }
  return x[((item * u32(HEIGHT) + u32(from_y)) * u32(WIDTH) + u32(from_x)) * u32(CHANNELS) + channel];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rows = run.items * PIXELS;
  let first_row = (group.z * groups.x + group.x) * TILE;
  let first_column = group.y * TILE;
  var sums: array<vec4f, 4>;

  for (var first = 0u; first < INNER + run.zero; first += SLICE) {
    let inner = first + lane % SLICE;
    for (var i = 0u; i < 4u; i++) {
      let at = lane / SLICE + i * 16u;
      let row = first_row + at;
      let column = first_column + at;
      var from_x = 0.0;
      var from_weight = 0.0;
      if (inner < INNER && row < rows) { from_x = patch_element(row, inner); }
      if (inner < INNER && column < COLUMNS) { from_weight = weight[column * INNER + inner]; }
      tile_x[(lane % SLICE) * TILE + at] = from_x;
      tile_weight[(lane % SLICE) * TILE + at] = from_weight;
    }
    workgroupBarrier();
    for (var k = 0u; k < SLICE + run.zero; k++) {
      let at = k * TILE + local.x * 4u;
      let w = vec4f(tile_weight[at], tile_weight[at + 1u], tile_weight[at + 2u], tile_weight[at + 3u]);
      for (var i = 0u; i < 4u; i++) { sums[i] += tile_x[k * TILE + local.y * 4u + i] * w; }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < 4u; i++) {
    let row = first_row + local.y * 4u + i;
    for (var j = 0u; j < 4u; j++) {
      let column = first_column + local.x * 4u + j;
      if (row < rows && column < COLUMNS) {
        let to = row * COLUMNS + column;
        var sum = sums[i][j];
        if (HAS_BIAS) { sum += bias[column]; }
        if (HAS_RESIDUAL) { sum += residual[to]; }
        y[to] = activate(sum);
      }
    }
  }
}
