// The half-precision product on subgroup matrices: staging and end as in half-product.wgsl. A subgroup makes a block of
// DOWN x ACROSS matrices (of 16x16 on GPUs, of 8x8 on software Vulkan), written out by written-out.ts.

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
  // each R of DOWN
  // each C of ACROSS
  var s$R$C: Sums;
  // end
  // end
  let origins = origins_of(place, lane);
  var walk = walk_of(place.first * SLICE + lane % WORDS * 8u);
  put(fetch(place, origins, walk, place.first, lane), place.first, lane);
  workgroupBarrier();
  for (var slice = place.first; slice < place.end; slice++) {
    walk = moved_on(walk);
    let next = fetch(place, origins, walk, slice + 1u, lane);
    let start = buffer_of(slice);
    let from_x = start + x_row;
    let from_weight = start + weight_row;
    for (var word = 0u; word < WORDS; word += SIDE / 8u) {  // 8 halves each
      // each R of DOWN
      let x$R = subgroupMatrixLoad<Left, row_major>(&stage, from_x + $Ru * SIDE * ROW_WORDS + word, ROW_WORDS);
      // end
      // each C of ACROSS
      let w$C = subgroupMatrixLoad<Right, col_major>(&stage, from_weight + $Cu * SIDE * ROW_WORDS + word, ROW_WORDS);
      // each R of DOWN
      s$R$C = subgroupMatrixMultiplyAccumulate(x$R, w$C, s$R$C);
      // end
      // end
    }
    if (BUFFERS == 1) { workgroupBarrier(); }
    put(next, slice + 1u, lane);
    workgroupBarrier();
  }
  let to = block_row * SIDE * SUM_STRIDE + block_column * u32(BLOCK_WIDTH) / 4u;
  // each R of DOWN
  if ($Ru > 0u) { workgroupBarrier(); }  // the sums before these were read
  // each C of ACROSS
  subgroupMatrixStore<row_major>(&stage, to + $Cu * (SIDE / 4u), s$R$C, SUM_STRIDE);
  // end
  workgroupBarrier();
  finish(place, $Ru, lane);
  // end
}
