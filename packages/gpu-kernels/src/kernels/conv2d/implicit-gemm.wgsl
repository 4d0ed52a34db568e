// Convolution without groups as a matrix product: rows are output pixels of all items, columns output channels, and the
// inner dimension runs over kernel row, kernel column, input channel. Input patches are gathered tile by tile, never stored.
// With a 1x1 kernel, stride 1 and no padding (POINTWISE) it is a plain product and also serves the `gemm` step.
//
// Workgroup: 16x16 threads and a tile of SIDE x SIDE, SIDE 64 or 128. A thread makes 4x4 results in each quarter of a tile of
// 128, so that neighbours read neighbouring words. The inner dimension goes in slices of 16 through two halves of `stage`:
// while one is multiplied, the next slice is on its way into registers and then into the other, with one barrier a slice.
//
// Where few rows and columns leave a GPU idle, PARTS workgroups share the inner dimension of a tile (SPLIT): each writes its
// sums to a part of y, and add-parts.wgsl adds them up in order and does what follows the product.
// Sizes come with the run, not with the prelude: a driver may take seconds to compile this kernel, and so all layers of a
// network share a few variants. Prelude: SIDE STAGED SPLIT PARTS ROLLED POINTWISE HAS_BIAS HAS_RESIDUAL, and those of activation.wgsl.

@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const SLICE = 16u;
const LOADS = u32(SIDE) / 64u;       // fours of x, and of weight, that a thread fetches a slice; also 4x4 squares each way
const WORDS = u32(SIDE) / 4u;        // of 16 bytes for one place of the inner dimension
const HALF = 2u * SLICE * WORDS;     // x, then weight

var<workgroup> stage: array<vec4f, STAGED>;
const_assert u32(STAGED) == 2u * HALF;

// Where a word lies that belongs to a place of the inner dimension: shifted, so that what is stored at once hits other banks.
fn word_of(inner: u32, word: u32) -> u32 { return inner * WORDS + (word ^ (inner / 4u * 2u)); }

struct Fetched { x: array<vec4f, LOADS>, weight: array<vec4f, LOADS> }
struct Origins { rows: array<Origin, LOADS> }

fn fetch(origins: Origins, first_column: u32, first: u32, end: u32, inner_size: u32, lane: u32) -> Fetched {
  var fetched: Fetched;
  let inner = first + lane % 4u * 4u;
  for (var i = 0u; i < LOADS; i++) {
    let column = min(first_column + lane / 4u + i * 64u, run.out_channels - 1u);  // beyond the last: never stored
    fetched.x[i] = patch_of_four(origins.rows[i], inner, end);
    fetched.weight[i] = weight_of_four(column, inner, inner_size);
  }
  return fetched;
}

fn put(fetched: Fetched, half: u32, lane: u32) {
  for (var i = 0u; i < LOADS; i++) {
    let at = lane / 4u + i * 64u;
    for (var c = 0u; c < 4u; c++) {
      let to = half * HALF + word_of(lane % 4u * 4u + c, at / 4u);
      stage[to][at % 4u] = fetched.x[i][c];
      stage[to + SLICE * WORDS][at % 4u] = fetched.weight[i][c];
    }
  }
}

fn multiply(sums: ptr<function, array<vec4f, 4u * LOADS * LOADS>>, half: u32, local: vec3u) {
  for (var k = 0u; k < SLICE + rolled(); k++) {  // only this loop may stay one: a sum that is found by its number leaves the registers
    let base = half * HALF;
    for (var i = 0u; i < LOADS; i++) {
      let rows = stage[base + word_of(k, i * 16u + local.y)];
      for (var j = 0u; j < LOADS; j++) {
        let columns = stage[base + SLICE * WORDS + word_of(k, j * 16u + local.x)];
        let square = 4u * (i * LOADS + j);
        (*sums)[square] += rows.x * columns;
        (*sums)[square + 1u] += rows.y * columns;
        (*sums)[square + 2u] += rows.z * columns;
        (*sums)[square + 3u] += rows.w * columns;
      }
    }
  }
}

fn finish(row: u32, column: u32, rows: u32, part: u32, value: f32) {
  if (row >= rows || column >= run.out_channels) { return; }
  let to = row * run.out_channels + column;
  if (SPLIT) { y[part * rows * run.out_channels + to] = value; return; }
  var sum = value;
  if (HAS_BIAS) { sum += bias[column]; }
  if (HAS_RESIDUAL) { sum += residual[to]; }
  y[to] = activate(sum);
}

// Takes the sums of 64 rows to y by way of the stage: no sum is found by a number that is computed, which would put all of them
// into memory, and neighbouring threads write neighbours.
fn leave(sums: ptr<function, array<vec4f, 4u * LOADS * LOADS>>, i: u32, first_row: u32, first_column: u32, rows: u32, part: u32, local: vec3u, lane: u32) {
  for (var j = 0u; j < LOADS; j++) {
    for (var r = 0u; r < 4u; r++) {
      stage[(local.y * 4u + r) * WORDS + j * 16u + local.x] = (*sums)[4u * (i * LOADS + j) + r];
    }
  }
  workgroupBarrier();
  for (var at = lane; at < 64u * u32(SIDE); at += 256u) {
    let row = first_row + i * 64u + at / u32(SIDE);
    finish(row, first_column + at % u32(SIDE), rows, part, stage[at / 4u][at % 4u]);
  }
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let inner_size = run.kernel_height * run.kernel_width * run.channels;
  let rows = run.items * run.out_height * run.out_width;
  let column_tiles = (run.out_channels + u32(SIDE) - 1u) / u32(SIDE);
  let first_row = (group.z * groups.x + group.x) * u32(SIDE);
  let first_column = group.y % column_tiles * u32(SIDE);
  if (first_row >= rows) { return; }  // the same for the whole workgroup
  let part = group.y / column_tiles;
  let share = (inner_size + SLICE * u32(PARTS) - 1u) / (SLICE * u32(PARTS)) * SLICE;
  let end = min(inner_size, (part + 1u) * share);
  var origins: Origins;
  for (var i = 0u; i < LOADS; i++) { origins.rows[i] = origin_of(min(first_row + lane / 4u + i * 64u, rows - 1u)); }
  var sums: array<vec4f, 4u * LOADS * LOADS>;
  put(fetch(origins, first_column, part * share, end, inner_size, lane), 0u, lane);
  workgroupBarrier();
  var half = 0u;
  for (var first = part * share; first < end; first += SLICE) {
    let next = fetch(origins, first_column, first + SLICE, end, inner_size, lane);
    multiply(&sums, half, local);
    half = 1u - half;
    put(next, half, lane);
    workgroupBarrier();
  }
  leave(&sums, 0u, first_row, first_column, rows, part, local, lane);
  if (LOADS == 2u) {
    workgroupBarrier();  // the rows before these were read
    leave(&sums, LOADS - 1u, first_row, first_column, rows, part, local, lane);
  }
}
