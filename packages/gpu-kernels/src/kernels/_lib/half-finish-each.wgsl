// Takes SIDE rows of every block of sums from `stage`, float32 and TILE_COLUMNS wide, to y. Residual and y are of either
// storage and any row length: a thread takes one number at a time.
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<T4>;
@group(0) @binding(5) var<storage, read_write> y: array<T5>;

fn finish(place: Place, round: u32, lane: u32) {
  for (var i = lane; i < u32(TILE_ROWS / BLOCK_HEIGHT) * SIDE * u32(TILE_COLUMNS); i += u32(THREADS)) {
    let staged = i / u32(TILE_COLUMNS);
    let row = place.row + staged / SIDE * u32(BLOCK_HEIGHT) + round * SIDE + staged % SIDE;
    let column = place.column + i % u32(TILE_COLUMNS);
    if (row >= place.rows || column >= run.out_channels) { continue; }
    let to = row * run.out_channels + column;
    var sum = bitcast<f32>(stage[i / 4u][i % 4u]);
    if (HAS_BIAS) { sum += bias[column]; }
    if (HAS_RESIDUAL) { sum += f32(residual[to]); }
    y[to] = T5(activate(sum));
  }
}
