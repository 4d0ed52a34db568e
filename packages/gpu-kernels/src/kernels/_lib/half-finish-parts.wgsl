// Takes SIDE rows of every block of sums from `stage`, float32 and TILE_COLUMNS wide, to the sums of this part as they are;
// add-parts.wgsl makes results of them.
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn finish(place: Place, round: u32, lane: u32) {
  let start = place.part * place.rows * run.out_channels;
  for (var i = lane; i < u32(TILE_ROWS / BLOCK_HEIGHT) * SIDE * u32(TILE_COLUMNS); i += u32(THREADS)) {
    let staged = i / u32(TILE_COLUMNS);
    let row = place.row + staged / SIDE * u32(BLOCK_HEIGHT) + round * SIDE + staged % SIDE;
    let column = place.column + i % u32(TILE_COLUMNS);
    if (row >= place.rows || column >= run.out_channels) { continue; }
    y[start + row * run.out_channels + column] = bitcast<f32>(stage[i / 4u][i % 4u]);
  }
}
