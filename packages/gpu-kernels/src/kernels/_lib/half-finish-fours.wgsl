// Takes SIDE rows of every block of sums from `stage`, float32 and TILE_COLUMNS wide, to y, a thread four neighbours at a time.
// How residual and y are stored say half-finish-packed.wgsl and half-finish-full.wgsl.
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;

fn finish(place: Place, round: u32, lane: u32) {
  let fours = u32(TILE_COLUMNS) / 4u;
  for (var i = lane; i < u32(TILE_ROWS / BLOCK_HEIGHT) * SIDE * fours; i += u32(THREADS)) {
    let staged = i / fours;
    let row = place.row + staged / SIDE * u32(BLOCK_HEIGHT) + round * SIDE + staged % SIDE;
    let column = place.column + i % fours * 4u;
    if (row >= place.rows || column >= run.out_channels) { continue; }
    let to = (row * run.out_channels + column) / 4u;
    var sum = bitcast<vec4f>(stage[i]);
    if (HAS_BIAS) { sum += bias[column / 4u]; }
    if (HAS_RESIDUAL) { sum += residual_at(to); }
    write_four(to, vec4f(activate(sum.x), activate(sum.y), activate(sum.z), activate(sum.w)));
  }
}
