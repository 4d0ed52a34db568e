// The half-precision product on subgroup matrices: staging and end as in half-product.wgsl. A subgroup makes a block of
// 2x2 matrices (of 16x16 on GPUs, of 8x8 on software Vulkan), written out because indexed ones do not stay in registers.

alias Left = subgroup_matrix_left<f16, MATRIX, MATRIX>;
alias Right = subgroup_matrix_right<f16, MATRIX, MATRIX>;
alias Sums = subgroup_matrix_result<f32, MATRIX, MATRIX>;

const BLOCK_ROWS = u32(TILE_ROWS / BLOCK_HEIGHT);
const SUM_STRIDE = u32(TILE_COLUMNS) / 4u;  // words of a row of sums in `stage`

@compute @workgroup_size(THREADS) @subgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32, @builtin(subgroup_id) subgroup: u32) {
  let place = place_of(group, groups);
  if (!place.inside) { return; }  // the same for the whole workgroup
  let block_row = subgroup % BLOCK_ROWS;
  let block_column = subgroup / BLOCK_ROWS;
  let x_row = block_row * u32(BLOCK_HEIGHT) * ROW_WORDS;
  let weight_row = (u32(TILE_ROWS) + block_column * u32(BLOCK_WIDTH)) * ROW_WORDS;
  var s00: Sums; var s01: Sums;
  var s10: Sums; var s11: Sums;
  let origins = origins_of(place, lane);
  var fetched: Fetched;
  var walk = walk_of(place.first * SLICE + lane % WORDS * 8u);
  for (var slice = place.first; slice <= place.end; slice++) {
    if (slice < place.end) {
      fetched = fetch(place, origins, walk, slice, lane);
      walk = moved_on(walk);
    }
    if (slice > place.first) {
      let start = buffer_of(slice - 1u);
      let from_x = start + x_row;
      let from_weight = start + weight_row;
      for (var word = 0u; word < WORDS; word += SIDE / 8u) {  // 8 halves each
        let x0 = subgroupMatrixLoad<Left, row_major>(&stage, from_x + word, ROW_WORDS);
        let x1 = subgroupMatrixLoad<Left, row_major>(&stage, from_x + SIDE * ROW_WORDS + word, ROW_WORDS);
        let w0 = subgroupMatrixLoad<Right, col_major>(&stage, from_weight + word, ROW_WORDS);
        s00 = subgroupMatrixMultiplyAccumulate(x0, w0, s00);
        s10 = subgroupMatrixMultiplyAccumulate(x1, w0, s10);
        let w1 = subgroupMatrixLoad<Right, col_major>(&stage, from_weight + SIDE * ROW_WORDS + word, ROW_WORDS);
        s01 = subgroupMatrixMultiplyAccumulate(x0, w1, s01);
        s11 = subgroupMatrixMultiplyAccumulate(x1, w1, s11);
      }
    }
    if (BUFFERS == 1) { workgroupBarrier(); }
    if (slice < place.end) { put(fetched, slice, lane); }
    workgroupBarrier();
  }
  let to = block_row * SIDE * SUM_STRIDE + block_column * u32(BLOCK_WIDTH) / 4u;
  subgroupMatrixStore<row_major>(&stage, to, s00, SUM_STRIDE);
  subgroupMatrixStore<row_major>(&stage, to + SIDE / 4u, s01, SUM_STRIDE);
  workgroupBarrier();
  finish(place, 0u, lane);
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stage, to, s10, SUM_STRIDE);
  subgroupMatrixStore<row_major>(&stage, to + SIDE / 4u, s11, SUM_STRIDE);
  workgroupBarrier();
  finish(place, 1u, lane);
}
